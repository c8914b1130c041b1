// SPDX-License-Identifier: GPL-2.0-only
// The details of one record, beside the list.

import type { Detail } from "../shared/protocol";
import { byId, h } from "./dom";
import { prettyJson } from "./json";
import { markerText } from "./row";
import { plain, showText, visible } from "./text";

interface Actions {
	filter(name: string, value: string): void;
	copy(text: string, what: string): void;
	link(detail: Detail): void;
	context(detail: Detail): void;
	close(): void;
}

export class DetailPanel {
	private box = byId("detail");
	current: Detail | null = null;

	constructor(private actions: Actions) {}

	get open(): boolean {
		return !this.box.hidden;
	}

	close() {
		this.box.hidden = true;
		this.current = null;
	}

	private button(text: string, title: string, act: () => void) {
		return h("button", { type: "button", title, onclick: act }, text);
	}

	private heading(detail: Detail, filtered: boolean): HTMLElement {
		const { actions } = this;
		return h("div", { class: "bar" },
			h("h2", {}, detail.marker ? "Marker" : "Record " + detail.seq),
			h("span", { class: "grow" }),
			!detail.marker && this.button("Copy", "Copy the text (c)",
				() => actions.copy(plain(detail.text), "The text")),
			!detail.marker && this.button("JSON", "Copy the record as JSON",
				() => actions.copy(detail.json, "The record")),
			!detail.marker && this.button("Link", "Copy a link to it (l)", () => actions.link(detail)),
			filtered && this.button("Context", "Show it among all others (x)",
				() => actions.context(detail)),
			h("button", { type: "button", class: "icon", title: "Close (Esc)", "aria-label": "Close",
				onclick: () => actions.close() }, "\u00d7"));
	}

	show(detail: Detail, filtered: boolean) {
		this.current = detail;
		const parts: HTMLElement[] = [this.heading(detail, filtered)];
		if (detail.marker) {
			parts.push(h("p", {}, markerText(detail.marker)));
		} else {
			const json = prettyJson(detail.text);
			const text = h("pre", { class: "text" });
			showText(text, detail.text, [], true);
			parts.push(text);
			if (json)
				parts.push(h("h3", {}, "JSON"), json);
			if (detail.base64)
				parts.push(h("h3", {}, "Not UTF-8: its exact bytes in Base64"),
					h("pre", { class: "text" }, detail.base64));
			parts.push(h("h3", {}, "Fields"), this.fields(detail));
		}
		this.box.replaceChildren(...parts);
		this.box.hidden = false;
		this.box.scrollTop = 0;
	}

	private fields(detail: Detail): HTMLElement {
		const list = h("dl", { class: "fields" });
		for (const [name, value, filter] of detail.fields) {
			const shown = visible(value);
			list.append(h("dt", {}, name), h("dd", {}, filter
				? h("button", { type: "button", class: "value", title: `Show only this ${name}`,
					onclick: () => this.actions.filter(filter, value) }, shown)
				: shown));
		}
		return list;
	}
}
