// SPDX-License-Identifier: GPL-2.0-only
// One row of the list. Its elements are used again for another row.

import { LEVELS } from "../shared/levels";
import type { Marker, Row } from "../shared/protocol";
import { count, h } from "./dom";
import { prefs } from "./prefs";
import { showText, visible } from "./text";
import { timeText } from "./time";

const SHORT = ["EMRG", "ALRT", "CRIT", "ERR", "WARN", "NOTE", "INFO", "DBG"];

interface Parts {
	time: HTMLElement;
	level: HTMLElement;
	who: HTMLElement;
	text: HTMLElement;
	shown?: Row;
}

const parts = new WeakMap<HTMLElement, Parts>();

export function newRow(): HTMLElement {
	const time = h("time", { class: "t" });
	const level = h("span", { class: "l" });
	const who = h("span", { class: "c" });
	const text = h("span", { class: "m" });
	const row = h("div", { class: "row", role: "article", tabindex: -1 }, time, level, who, text);
	parts.set(row, { time, level, who, text });
	return row;
}

export function rowPosition(row: HTMLElement): number {
	return Number(row.dataset.pos);
}

export function markerText(marker: Marker): string {
	switch (marker.kind) {
	case "lost": {
		const range = marker.from === undefined ? "" : ", " + (marker.from === marker.to
			? String(marker.from) : marker.from + "\u2013" + marker.to);
		const bytes = marker.bytes ? ` (${count(marker.bytes)} bytes)` : "";
		return `${count(marker.records ?? 0)} lost${range}${bytes}` +
			(marker.untold ? ", not told by the bridge" : "");
	}
	case "ended":
		return "stream " + marker.stream + " ended" +
			(marker.last === null || marker.last === undefined ? "" : " after record " + marker.last);
	case "started":
		return "stream " + marker.stream + " began";
	default:
		return "what came between is not known";
	}
}

function setText(element: HTMLElement, text: string) {
	if (element.textContent !== text)
		element.textContent = text;
}

/** Nothing of it is known yet but its place. */
export function showPending(row: HTMLElement, pos: number) {
	const p = parts.get(row)!;
	row.className = "row pending";
	row.dataset.pos = String(pos);
	delete p.shown;
	setText(p.time, "");
	setText(p.level, "");
	setText(p.who, "");
	setText(p.text, "");
}

export function showTime(row: HTMLElement) {
	const p = parts.get(row)!;
	if (p.shown)
		setText(p.time, timeText(prefs.time, p.shown.time, p.shown.delta));
}

export function showRow(row: HTMLElement, data: Row, selected: boolean) {
	const p = parts.get(row)!;
	const name = (data.marker ? "row mark " + data.kind : "row l" + data.level) +
		(selected ? " sel" : "");
	if (row.className !== name)
		row.className = name;
	if (p.shown === data)
		return;
	p.shown = data;
	row.dataset.pos = String(data.pos);
	row.setAttribute("aria-posinset", String(data.pos + 1));
	if (data.marker) {
		setText(p.time, timeText(prefs.time, data.time, data.delta));
		setText(p.level, "");
		setText(p.who, "");
		p.text.textContent = markerText(data.marker);
		return;
	}
	setText(p.time, timeText(prefs.time, data.time, data.delta));
	setText(p.level, SHORT[data.level]!);
	p.level.title = LEVELS[data.level]!;
	const pid = data.pid === 0xffffffff ? "" : "[" + data.pid + "]";
	const who = visible(data.comm) + pid;
	setText(p.who, who);
	p.who.title = data.service ? who + "\n" + data.service : who;
	// the \r of a line that ends in \r\n is told in the details only
	showText(p.text, data.text.replace(/\r$/, ""), data.hits, prefs.wrap);
	if (data.span > 1)
		p.text.append(h("span", { class: "more" }, `${data.span} joined`));
	if (data.more)
		p.text.append(h("span", { class: "more" }, `${count(data.more)} more characters`));
}
