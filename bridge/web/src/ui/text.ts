// SPDX-License-Identifier: GPL-2.0-only
// A record's text as nodes: colours from its SGR sequences, matches marked, and
// what can't be seen made visible.

import Anser from "anser";

const SGR = /\x1b\[[0-9;]*m/g;
// Controls but tab and newline; what changes the direction of text, or has no width.
const HIDDEN = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufdd0\ufeff\ufff9-\ufffb]/g;

// Stands for ESC where it begins no SGR sequence, and is no character of Unicode.
const ESCAPE = "\ufdd0";

const MOST_STYLED = 2000;

interface Piece {
	text: string;
	classes: string;
	color?: string;
	background?: string;
}

function escapeName(c: string): string {
	const code = c.charCodeAt(0);
	if (c === ESCAPE)
		return "\\x1b";
	if (c === "\r")
		return "\\r";
	if (code < 0xa0)
		return "\\x" + code.toString(16).padStart(2, "0");
	return "U+" + code.toString(16).toUpperCase().padStart(4, "0");
}

/** What cannot be seen, as one can see it; for plain text. */
export function visible(text: string): string {
	return text.replace(HIDDEN, escapeName);
}

// A colour is an index, "r, g, b", or a class of Anser's.
function colorOf(name: string | null, truecolor: string | null): { class?: string; css?: string } {
	if (!name)
		return {};
	if (name === "ansi-truecolor")
		return truecolor && /^[\d, ]+$/.test(truecolor) ? { css: `rgb(${truecolor})` } : {};
	const palette = /^ansi-palette-(\d+)$/.exec(name);
	if (!palette)
		return { class: name };
	const n = Number(palette[1]);
	if (n >= 232) {
		const grey = (n - 232) * 10 + 8;
		return { css: `rgb(${grey},${grey},${grey})` };
	}
	const step = (i: number) => i ? i * 40 + 55 : 0;
	const i = n - 16;
	return { css: `rgb(${step(Math.floor(i / 36))},${step(Math.floor(i / 6) % 6)},${step(i % 6)})` };
}

function pieces(text: string): Piece[] {
	if (!text.includes("\x1b["))
		return [{ text, classes: "" }];
	// other escape sequences than SGR are not acted on but shown
	const kept = text.replace(/\x1b(?!\[[0-9;]*m)/g, ESCAPE);
	return Anser.ansiToJson(kept, { use_classes: true, remove_empty: true, json: true })
		.slice(0, MOST_STYLED).map((part) => {
			const fg = colorOf(part.fg, part.fg_truecolor);
			const bg = colorOf(part.bg, part.bg_truecolor);
			const classes = [fg.class && fg.class + "-fg", bg.class && bg.class + "-bg",
				...part.decorations.map((d) => "ansi-" + d)].filter(Boolean).join(" ");
			return { text: part.content, classes, color: fg.css, background: bg.css };
		});
}

/** Where each character of the plain text is in @text, without its sequences. */
export function plain(text: string): string {
	return text.includes("\x1b[") ? text.replace(SGR, "") : text;
}

function appendVisible(to: Node, text: string) {
	let at = 0;
	for (const hidden of text.matchAll(HIDDEN)) {
		if (hidden.index! > at)
			to.appendChild(document.createTextNode(text.slice(at, hidden.index)));
		const span = document.createElement("span");
		span.className = "ctl";
		span.textContent = escapeName(hidden[0]);
		to.appendChild(span);
		at = hidden.index! + 1;
	}
	if (at < text.length)
		to.appendChild(document.createTextNode(at ? text.slice(at) : text));
}

/** Moves matches in @text to where they are once the sequences are gone. */
function withoutSequences(text: string, hits: number[]): number[] {
	if (!hits.length || !text.includes("\x1b["))
		return hits;
	const cuts = [...text.matchAll(SGR)].map((m) => [m.index!, m[0].length] as const);
	return hits.map((hit) => {
		let gone = 0;
		for (const [at, length] of cuts) {
			if (at >= hit)
				break;
			gone += Math.min(length, hit - at);
		}
		return hit - gone;
	});
}

/** Fills @to with @text; @hits are starts and ends of matches in it. */
export function showText(to: HTMLElement, text: string, hits: number[], newlines: boolean) {
	if (!newlines && text.includes("\n")) {
		text = text.replaceAll("\n", "\u21b5");
	}
	if (!hits.length && !text.includes("\x1b") && text.search(HIDDEN) < 0) {
		const only = to.firstChild;
		if (only && only === to.lastChild && only.nodeType === Node.TEXT_NODE)
			only.nodeValue = text;
		else
			to.textContent = text;
		return;
	}
	to.textContent = "";
	const marks = withoutSequences(text, hits);
	let at = 0;
	let hit = 0;
	for (const piece of pieces(text)) {
		let target: HTMLElement = to;
		if (piece.classes || piece.color || piece.background) {
			target = document.createElement("span");
			target.className = piece.classes;
			target.style.color = piece.color ?? "";
			target.style.backgroundColor = piece.background ?? "";
			to.appendChild(target);
		}
		const end = at + piece.text.length;
		let from = at;
		while (hit < marks.length && marks[hit]! < end) {
			const start = Math.max(marks[hit]!, at);
			const stop = Math.min(marks[hit + 1]!, end);
			appendVisible(target, piece.text.slice(from - at, start - at));
			const mark = document.createElement("mark");
			appendVisible(mark, piece.text.slice(start - at, stop - at));
			target.appendChild(mark);
			from = stop;
			if (marks[hit + 1]! > end)
				break;
			hit += 2;
		}
		appendVisible(target, piece.text.slice(from - at));
		at = end;
	}
}
