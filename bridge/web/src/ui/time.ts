// SPDX-License-Identifier: GPL-2.0-only
// Times as people read them, in the browser's time zone.

import type { TimeMode } from "./prefs";

function two(n: number): string {
	return n < 10 ? "0" + n : String(n);
}

let day = "";
let dayEnd = 0;
let dayStart = 0;

/** "14:02:11.345", with the date in front when it is not today. */
export function clock(ms: number): string {
	const date = new Date(ms);
	const text = two(date.getHours()) + ":" + two(date.getMinutes()) + ":" +
		two(date.getSeconds()) + "." + String(Math.floor(ms) % 1000).padStart(3, "0");
	if (ms < dayStart || ms >= dayEnd) {
		const start = new Date(ms);
		dayStart = start.setHours(0, 0, 0, 0);
		dayEnd = start.setDate(start.getDate() + 1);
		day = new Date(dayStart).toDateString() === new Date().toDateString() ? "" :
			two(date.getMonth() + 1) + "-" + two(date.getDate()) + " ";
	}
	return day + text;
}

export function span(ms: number): string {
	const n = Math.abs(ms);
	if (n < 1000)
		return (n < 10 ? n.toFixed(2) : Math.round(n)) + " ms";
	if (n < 60_000)
		return (n / 1000).toFixed(n < 10_000 ? 2 : 1) + " s";
	const s = Math.floor(n / 1000);
	if (s < 3600)
		return Math.floor(s / 60) + "m " + two(s % 60) + "s";
	if (s < 86400)
		return Math.floor(s / 3600) + "h " + two(Math.floor(s / 60) % 60) + "m";
	return Math.floor(s / 86400) + "d " + Math.floor(s / 3600) % 24 + "h";
}

export function timeText(mode: TimeMode, ms: number, delta: number): string {
	if (mode === "absolute")
		return clock(ms);
	if (mode === "delta")
		return Number.isNaN(delta) ? "" : (delta < 0 ? "\u2212" : "+") + span(delta);
	const ago = Date.now() - ms;
	return ago < 1000 ? "now" : span(Math.floor(ago / 1000) * 1000).replace(/\.\d+/, "") + " ago";
}
