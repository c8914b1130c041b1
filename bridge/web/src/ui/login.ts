// SPDX-License-Identifier: GPL-2.0-only
import { login } from "./api";
import { h } from "./dom";

/** Asks for a token until the bridge takes one. */
export function askForToken(why: string): Promise<void> {
	return new Promise((done) => {
		const input = h("input", { type: "password", id: "token", required: true,
			autocomplete: "current-password", spellcheck: "false", "aria-describedby": "why" });
		const error = h("p", { class: "error", role: "alert", id: "why" }, why);
		const form = h("form", { class: "login" },
			h("h2", {}, "Log in"),
			h("p", {}, "This bridge shows its channels to those who have a token. It printed an " +
				"address with one when it started; others are in its token file."),
			h("label", { for: "token" }, "Token"), input, error,
			h("button", { class: "main", type: "submit" }, "Log in"));
		const dialog = h("dialog", { class: "box", oncancel: (e) => e.preventDefault() }, form);
		form.addEventListener("submit", async (event) => {
			event.preventDefault();
			error.textContent = "";
			try {
				if (await login(input.value.trim())) {
					dialog.close();
					dialog.remove();
					return done();
				}
				error.textContent = "The bridge does not know this token.";
				input.select();
			} catch (problem) {
				error.textContent = "The bridge cannot be asked: " + (problem as Error).message;
			}
		});
		document.body.append(dialog);
		dialog.showModal();
		input.focus();
	});
}
