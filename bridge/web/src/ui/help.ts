// SPDX-License-Identifier: GPL-2.0-only
import { base, logout } from "./api";
import { h } from "./dom";

const KEYS: [keys: string, what: string][] = [
	["/", "filter: text, /regex/ or /regex/i"],
	["n  N", "next, previous match"],
	["g  G", "first, last record; G follows"],
	["f", "follow, or stop following"],
	["Space", "pause, go on"],
	["w", "wrap long lines"],
	["t", "time: absolute, relative, delta"],
	["j  k  \u2193  \u2191", "next, previous record"],
	["Enter", "details of the record"],
	["c", "copy the record"],
	["l", "copy a link to the record"],
	["x", "show the record among all others"],
	["m", "only matches, or all with matches marked"],
	["d", "dark, light"],
	["r", "connect now"],
	["Esc", "close, then clear the filter"],
	["?", "this help"],
];

export function showHelp() {
	if (document.querySelector("dialog.help"))
		return;
	const rows = KEYS.map(([keys, what]) => h("div", {},
		h("dt", {}, ...keys.split("  ").map((key) => h("kbd", {}, key))), h("dd", {}, what)));
	const dialog = h("dialog", { class: "box help", "aria-label": "Keys" },
		h("h2", {}, "Keys"), h("dl", {}, ...rows),
		h("p", { class: "fine" }, "Click a bar of the chart, or drag over a span, to go there. " +
			"Shift and click on a level shows that level alone."),
		h("p", { class: "fine" }, h("a", { href: base + "licenses.txt", target: "_blank",
			rel: "noreferrer" }, "Licenses")),
		h("form", { method: "dialog", class: "row-of" }, h("button", { class: "main", autofocus: true }, "Close"),
			h("button", { type: "button", title: "The bridge forgets this browser's token",
				onclick: () => void logout().finally(() => location.reload()) }, "Log out")));
	dialog.addEventListener("close", () => dialog.remove());
	dialog.addEventListener("click", (event) => {
		if (event.target === dialog)
			dialog.close();
	});
	document.body.append(dialog);
	dialog.showModal();
}
