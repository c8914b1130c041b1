// SPDX-License-Identifier: GPL-2.0-only
// Entries as the page shows them.

import { FACILITIES, LEVELS } from "../shared/levels";
import type { Detail, Row } from "../shared/protocol";
import type { Services } from "./services";
import type { View } from "./view";
import { ID_NONE, JOIN, PARTIAL, decode } from "./wire";

const LONGEST = 4000;

export function row(view: View, services: Services, pos: number): Row | null {
	const place = view.place(pos);
	if (!place)
		return null;
	const { store, id } = place;
	const marker = store.isMarker(id) ? store.marker(id) : undefined;
	const whole = marker ? "" : store.text(id);
	const text = whole.length > LONGEST ? whole.slice(0, LONGEST) : whole;
	const before = view.place(pos - 1);
	const time = store.time(id);
	const hits = view.filter.hits(text);
	return {
		pos, kind: marker?.kind ?? "record", marker, time, text, hits,
		matches: hits.length > 0 || whole.length > LONGEST && view.filter.spec.text !== "" &&
			view.filter.has(whole),
		seq: store.seq(id),
		delta: before ? time - before.store.time(before.id) : NaN,
		level: store.level(id),
		comm: store.comm(id),
		pid: store.pid(id),
		service: services.name(store.cgroup(id)),
		more: whole.length - text.length,
		span: store.span(id),
	};
}

function flagNames(flags: number): string {
	const names = [];
	if (flags & PARTIAL)
		names.push("PARTIAL");
	if (flags & JOIN)
		names.push("JOIN");
	return names.join(" | ") || "none";
}

/** The record as the bridge's JSON formats have it. */
export function jsonOf(view: View, services: Services, pos: number): string {
	const { store, id } = view.place(pos)!;
	if (store.isMarker(id))
		return JSON.stringify(store.marker(id));
	const raw = store.raw(id);
	return JSON.stringify({
		stream: store.stream(id), seq: store.seq(id), pos: store.pos(id),
		time_ns: String(store.timeNs(id)), pri: store.pri(id), type: store.type(id),
		pid: store.pid(id), uid: store.uid(id), comm: store.comm(id),
		cgroup: store.cgroupExact(id), service: services.name(store.cgroup(id)),
		flags: store.flags(id),
		...(isUtf8(raw) ? { text: decode(raw) } : { base64: base64(raw) }),
	});
}

export function isUtf8(bytes: Uint8Array): boolean {
	try {
		new TextDecoder("utf-8", { fatal: true }).decode(bytes);
		return true;
	} catch {
		return false;
	}
}

function base64(bytes: Uint8Array): string {
	let text = "";
	for (const byte of bytes)
		text += String.fromCharCode(byte);
	return btoa(text);
}

function idText(id: number): string {
	return id === ID_NONE ? "none (not from a kernel writer)" : String(id);
}

export function detail(view: View, services: Services, pos: number): Detail | null {
	const place = view.place(pos);
	if (!place)
		return null;
	const { store, id } = place;
	const raw = store.raw(id);
	const seq = store.seq(id);
	const span = store.span(id);
	const facility = FACILITIES[store.pri(id) >> 3] ?? String(store.pri(id) >> 3);
	const service = services.name(store.cgroup(id));
	const marker = store.isMarker(id) ? store.marker(id) : undefined;
	const ns = store.timeNs(id);
	const fields: Detail["fields"] = marker ? [] : [
		["time", new Date(store.time(id)).toISOString().slice(0, 20) +
			String(ns % 1000000000n).padStart(9, "0") + "Z"],
		["level", LEVELS[store.level(id)]!, "level"],
		["facility", facility, "facility"],
		["comm", store.comm(id), "comm"],
		["pid", idText(store.pid(id)), store.pid(id) === ID_NONE ? undefined : "pid"],
		["uid", idText(store.uid(id)), store.uid(id) === ID_NONE ? undefined : "uid"],
		["service", service || "none", service ? "service" : undefined],
		["cgroup", store.cgroupExact(id)],
		["seq", span > 1 ? `${seq}–${seq + span - 1} (${span} joined)` : String(seq)],
		["pos", String(store.pos(id))],
		["bytes", String(raw.length)],
		["type", String(store.type(id)), "type"],
		["flags", flagNames(store.flags(id))],
		["stream", store.stream(id)],
	];
	return {
		pos, fields, marker, seq, text: marker ? "" : store.text(id), stream: store.stream(id),
		comm: store.comm(id), json: jsonOf(view, services, pos),
		base64: isUtf8(raw) ? undefined : base64(raw),
	};
}
