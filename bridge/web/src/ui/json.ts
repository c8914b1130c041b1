// SPDX-License-Identifier: GPL-2.0-only
// JSON in a record, laid out for reading.

import { h } from "./dom";
import { visible } from "./text";

const LARGEST = 200_000;
const TOKEN = /("(?:[^"\\]|\\.)*")(\s*:)?|\b(true|false|null)\b|-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?/g;

/** The JSON object or array in @text, and what stands before it; or null. */
function jsonIn(text: string): { before: string; pretty: string } | null {
	const start = text.search(/[[{]/);
	if (start < 0 || text.length > LARGEST)
		return null;
	try {
		const value = JSON.parse(text.slice(start));
		if (typeof value !== "object" || value === null)
			return null;
		return { before: text.slice(0, start).trim(), pretty: JSON.stringify(value, null, 2) };
	} catch {
		return null;
	}
}

/** An element with the JSON of @text, or null when it has none. */
export function prettyJson(text: string): HTMLElement | null {
	const found = jsonIn(text);
	if (!found)
		return null;
	const out = h("pre", { class: "json" });
	const { pretty } = found;
	let at = 0;
	for (const token of pretty.matchAll(TOKEN)) {
		out.append(visible(pretty.slice(at, token.index)));
		const kind = token[2] ? "key" : token[1] ? "str" : token[3] ? "word" : "num";
		out.append(h("span", { class: "j-" + kind }, visible(token[1] ?? token[0])), token[2] ?? "");
		at = token.index! + token[0].length;
	}
	out.append(visible(pretty.slice(at)));
	return out;
}
