// SPDX-License-Identifier: GPL-2.0-only
// What is filtered, as a file: text lines or the bridge's NDJSON.

import { jsonOf } from "./rows";
import type { Services } from "./services";
import type { View } from "./view";

const PIECE = 2000;

function markerLine(json: string): string {
	const marker = JSON.parse(json);
	switch (marker.kind) {
	case "lost": return `memlog: lost ${marker.records} records, ${marker.bytes ?? "unknown"} bytes\n`;
	case "ended": return `memlog: stream ${marker.stream} ended\n`;
	default: return `memlog: stream ${marker.stream} began\n`;
	}
}

function objectLine(json: string): string {
	const marker = JSON.parse(json);
	const { kind, stream, ...rest } = marker;
	switch (kind) {
	case "lost": return JSON.stringify({ lost: rest }) + "\n";
	case "ended": return JSON.stringify({ ended: { stream, last: rest.last } }) + "\n";
	default: return JSON.stringify({ stream }) + "\n";
	}
}

/** Lets other work go on between its pieces. */
export async function exported(view: View, services: Services, format: "text" | "ndjson",
	most: number): Promise<Blob> {
	const parts: string[] = [];
	const end = view.end;
	for (let pos = Math.max(view.first, end - most); pos < end;) {
		let piece = "";
		pos = Math.max(pos, view.first);
		for (const stop = Math.min(end, pos + PIECE); pos < stop; pos++) {
			const place = view.place(pos);
			if (!place)
				continue;
			const { store, id } = place;
			const json = format === "ndjson" || store.isMarker(id) ? jsonOf(view, services, pos) : "";
			if (format === "text")
				piece += store.isMarker(id) ? markerLine(json) : store.text(id) + "\n";
			else
				piece += store.isMarker(id) ? objectLine(json) : json + "\n";
		}
		parts.push(piece);
		await new Promise((done) => setTimeout(done));
	}
	return new Blob(parts, { type: format === "text" ? "text/plain" : "application/x-ndjson" });
}
