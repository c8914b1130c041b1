// SPDX-License-Identifier: GPL-2.0-only
// The buttons of the header, and the line at the foot.

import type { View } from "../shared/protocol";
import type { Command } from "./keys";
import { byId, count, h } from "./dom";
import { prefs } from "./prefs";

export class Tools {
	private buttons = new Map<string, HTMLButtonElement>();
	private menu: HTMLElement;
	private fresh = h("button", { type: "button", class: "fresh", hidden: true,
		title: "Follow (G)" });
	private facts = h("span", { class: "facts" });

	constructor(act: (command: Command) => void,
		take: (format: "text" | "ndjson", copy: boolean) => void) {
		const tools = byId("tools");
		const add = (command: Command, text: string, title: string) => {
			const button = h("button", { type: "button", title, "aria-pressed": "false",
				onclick: () => act(command) }, text);
			this.buttons.set(command, button);
			tools.append(button);
		};
		add("follow", "Follow", "Follow the newest (f)");
		add("pause", "Pause", "Pause; what comes is kept (Space)");
		add("wrap", "Wrap", "Wrap long lines (w)");
		add("time", "Time", "Absolute, relative, delta (t)");
		const item = (text: string, format: "text" | "ndjson", copy: boolean) =>
			h("button", { type: "button", role: "menuitem", onclick: () => {
				this.menu.removeAttribute("open");
				take(format, copy);
			} }, text);
		this.menu = h("details", { class: "menu" }, h("summary", { title: "Copy or download what is shown" },
			"Save"),
		h("div", { role: "menu" }, item("Copy as text", "text", true), item("Download text", "text", false),
			item("Download NDJSON", "ndjson", false)));
		tools.append(this.menu);
		add("theme", "\u25d0", "Dark or light (d)");
		add("help", "?", "Keys (?)");
		this.buttons.get("theme")!.setAttribute("aria-label", "Dark or light");
		this.buttons.get("help")!.setAttribute("aria-label", "Keys");
		document.addEventListener("click", (event) => {
			if (!this.menu.contains(event.target as Node))
				this.menu.removeAttribute("open");
		});
		this.fresh.addEventListener("click", () => act("end"));
		byId("foot").append(this.facts);
		byId("list").append(this.fresh);
	}

	show(follow: boolean, paused: boolean, fresh: number) {
		const press = (name: string, on: boolean) =>
			this.buttons.get(name)!.setAttribute("aria-pressed", String(on));
		press("follow", follow && !paused);
		press("pause", paused);
		press("wrap", prefs.wrap);
		press("theme", document.documentElement.dataset.theme === "dark");
		const time = this.buttons.get("time")!;
		time.textContent = { absolute: "Time", relative: "Ago", delta: "Delta" }[prefs.time];
		time.setAttribute("aria-pressed", String(prefs.time !== "absolute"));
		this.fresh.hidden = follow && !paused;
		const text = fresh ? `\u2193 ${count(fresh)} new` : "\u2193 Follow";
		if (this.fresh.textContent !== text)
			this.fresh.textContent = text;
	}

	tell(view: View) {
		const facts = [`${count(view.held)} held`];
		if (view.trimmed)
			facts.push(`${count(view.trimmed)} older let go`);
		if (view.gaps)
			facts.push(`${count(view.lost)} lost in ${count(view.gaps)} ${view.gaps === 1 ? "gap" : "gaps"}`);
		else
			facts.push("none lost");
		const text = facts.join(" \u00b7 ");
		if (this.facts.textContent !== text)
			this.facts.textContent = text;
		// plain numbers, too, for programs that watch the page
		const foot = byId("foot").dataset;
		foot.received = String(view.received);
		foot.lost = String(view.lost);
		foot.held = String(view.held);
		this.facts.classList.toggle("loss", view.gaps > 0);
		const rate = view.rate >= 1 ? count(Math.round(view.rate)) + "/s" : "";
		if (byId("rate").textContent !== rate)
			byId("rate").textContent = rate;
	}
}
