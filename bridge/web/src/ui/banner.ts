// SPDX-License-Identifier: GPL-2.0-only
// What has become of the connection, in the header and, when it is not there,
// in a line above the list.

import type { Link } from "../shared/protocol";
import { byId, h, speak } from "./dom";

const NAMES = { connecting: "connecting", live: "live", waiting: "not connected", ended: "ended",
	refused: "refused", held: "full", unauthorized: "no access" };

export class Banner {
	private box = byId("banner");
	private state = byId("state");
	private count = h("b", { "aria-hidden": "true" });
	private timer = 0;
	link: Link = { state: "connecting" };

	constructor(private retry: () => void, private follow: () => void) {}

	show(link: Link, paused: boolean) {
		const changed = link.state !== this.link.state;
		this.link = link;
		clearInterval(this.timer);
		this.state.dataset.state = paused && link.state === "live" ? "paused" : link.state;
		const name = paused && link.state === "live" ? "paused" : NAMES[link.state];
		if (this.state.textContent !== name)
			this.state.textContent = name;
		if (link.state === "waiting")
			return this.waiting(link.until, link.why, changed);
		if (link.state === "ended" || link.state === "refused")
			return this.line(link.state === "ended" ? "The end: " + link.why : "Refused: " + link.why,
				this.button("Connect again", this.retry));
		if (link.state === "held")
			return this.line("As many records are held as fit. Nothing more is taken in, so that what " +
				"you look at stays; it goes on from there when you follow again.",
			this.button("Follow", this.follow));
		// while one try follows the other, the line stays where it is
		if (link.state === "live" || link.state === "unauthorized")
			this.box.hidden = true;
	}

	private button(text: string, act: () => void) {
		return h("button", { type: "button", onclick: act }, text);
	}

	private line(text: string, ...rest: Node[]) {
		this.box.replaceChildren(h("span", {}, text), ...rest);
		this.box.hidden = false;
		speak(text);
	}

	private waiting(until: number, why: string, changed: boolean) {
		const text = "Not connected: " + why + ". It will go on behind the last record that came. ";
		this.box.replaceChildren(h("span", {}, text), this.count, this.button("Try now (r)", this.retry));
		this.box.hidden = false;
		if (changed)
			speak("Not connected: " + why);
		const tell = () => {
			const left = Math.max(0, Math.ceil((until - Date.now()) / 1000));
			this.count.textContent = `Next try in ${left} s`;
		};
		tell();
		this.timer = window.setInterval(tell, 250);
	}
}
