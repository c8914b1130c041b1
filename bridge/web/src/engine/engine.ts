// SPDX-License-Identifier: GPL-2.0-only
// The Worker: takes records in, filters them, and tells the page what is on its
// screen, never faster than the page draws.

import { ALL_LEVELS } from "../shared/levels";
import type { FilterSpec, FromEngine, Row, ToEngine } from "../shared/protocol";
import { Channel, type Limit } from "./channel";
import { exported } from "./export";
import { Filter } from "./filter";
import { detail, row } from "./rows";
import { View } from "./view";

const TICK_MS = 16;
/** Nobody reads what passes at such a rate, and the page has time for the rest. */
const FLOOD = 5000;
const FLOOD_TICK_MS = 33;
const BARS_MS = 250;
const SLICE_MS = 8;
const MOST_BARS = 160;
const COPY_RECORDS = 100_000;

let channel: Channel | null = null;
let spec: FilterSpec = { text: "", levels: ALL_LEVELS, fields: {}, mode: "only" };
const limit: Limit = { records: 1_000_000, bytes: 768 << 20 };
let gen = 0;
let follow = true;
let tail = 100;
let sent = 0;
let dirty = false;
let drawn = true;
let timer: ReturnType<typeof setTimeout> | 0 = 0;
let working = false;
let barsAt = 0;
let names = 0;
let rateAt = performance.now();
let rateCount = 0;
let rate = 0;

function post(message: FromEngine) {
	self.postMessage(message);
}

function changed() {
	dirty = true;
	if (!timer && drawn)
		timer = setTimeout(tick, rate > FLOOD ? FLOOD_TICK_MS : TICK_MS);
	if (!working && channel && !channel.view.done) {
		working = true;
		setTimeout(work);
	}
}

function work() {
	working = false;
	if (!channel || channel.view.done)
		return;
	channel.view.work(performance.now() + SLICE_MS);
	changed();
}

function rowsOf(view: View, from: number, to: number): Row[] {
	const rows: Row[] = [];
	for (let pos = Math.max(from, view.first); pos < Math.min(to, view.end); pos++) {
		const made = row(view, channel!.services, pos);
		if (made)
			rows.push(made);
	}
	return rows;
}

function measureRate(now: number) {
	if (now - rateAt < 500)
		return;
	const { received } = channel!.intake;
	rate = Math.max(0, (received - rateCount) / (now - rateAt) * 1000);
	rateCount = received;
	rateAt = now;
	if (channel!.intake.comms.size !== names) {
		names = channel!.intake.comms.size;
		post({ t: "names", comm: [...channel!.intake.comms], service: channel!.services.known });
	}
}

function tick() {
	timer = 0;
	if (!channel || !dirty)
		return;
	const now = performance.now();
	const { view, store, intake } = channel;
	dirty = false;
	drawn = false;
	measureRate(now);
	const from = Math.min(channel.touched, Math.max(sent, view.end - tail));
	const rows = follow || channel.touched < Infinity ? rowsOf(view, from, view.end) : [];
	sent = view.end;
	channel.touched = Infinity;
	let bars;
	if (view.histogram.changed && now - barsAt >= BARS_MS) {
		barsAt = now;
		view.histogram.changed = false;
		bars = view.histogram.bars(MOST_BARS) ??
			{ step: 1, start: Date.now() / 1000, counts: [] };
	}
	post({
		t: "view", gen, first: view.first, end: view.end, rows, bars, rate,
		held: store.length, received: intake.received, trimmed: channel.trimmed,
		lost: intake.lost, gaps: intake.gaps, matched: view.records, scanned: view.scanned,
		older: channel.olderState, olderWhy: channel.olderWhy,
	});
}

// What changes with time alone: the rate, and bars that were put off.
setInterval(() => {
	if (channel && (rate > 0 || channel.view.histogram.changed))
		changed();
}, 500);

function renew() {
	gen++;
	sent = 0;
	barsAt = 0;
	changed();
}

function setFilter(next: FilterSpec): boolean {
	try {
		if (channel)
			channel.filter(next);
		else
			new Filter(next, null!);
	} catch (error) {
		post({ t: "bad", why: (error as Error).message });
		return false;
	}
	spec = next;
	renew();
	return true;
}

/** The nearest match from @pos on, that excluded. */
function find(pos: number, forward: boolean): number | null {
	const view = channel!.view;
	const step = forward ? 1 : -1;
	for (let at = pos + step; at >= view.first && at < view.end; at += step) {
		const place = view.place(at)!;
		if (place.store.isMarker(place.id) || !spec.text)
			return at;
		if (view.filter.has(place.store.text(place.id)))
			return at;
	}
	return null;
}

/** The first record at or behind a time; clocks step, so it looks at all. */
function atTime(seconds: number): number | null {
	const view = channel!.view;
	for (let pos = view.first; pos < view.end; pos++) {
		const { store, id } = view.place(pos)!;
		if (!store.isMarker(id) && store.time(id) / 1000 >= seconds)
			return pos;
	}
	return view.end > view.first ? view.end - 1 : null;
}

/** Shows the record at @pos among others: another filter, the same record. */
function locate(pos: number, next: FilterSpec) {
	const place = channel!.view.place(pos);
	if (!place || !setFilter(next))
		return;
	const { stream, seq } = { stream: place.store.stream(place.id), seq: place.store.seq(place.id) };
	const id = channel!.store.find(stream, seq);
	tick();
	post({ t: "found", pos: id === null ? null : channel!.view.position(id), why: "find" });
}

function open(message: Extract<ToEngine, { t: "open" }>) {
	channel?.link.close();
	channel = new Channel(message.address, limit, spec, post, changed);
	follow = !message.address.at;
	rateCount = 0;
	names = 0;
	renew();
	channel.link.open();
	if (message.address.at)
		awaitRecord(channel, message.address.at);
}

/** Tells the page when the record of a permalink, or what is in its place, is here. */
function awaitRecord(of: Channel, at: { stream: string; seq: number }) {
	const began = Date.now();
	const timer = setInterval(() => {
		if (channel !== of)
			return clearInterval(timer);
		const id = of.store.find(at.stream, at.seq);
		if (id === null && Date.now() - began < 5000)
			return;
		clearInterval(timer);
		// the page must know of the row before it goes there
		dirty = true;
		tick();
		post({ t: "found", why: "at", pos: id === null ? null : of.view.position(id) });
	}, 50);
}

async function exportAll(format: "text" | "ndjson", copy: boolean) {
	const { view, services, address } = channel!;
	const blob = await exported(view, services, format, copy ? COPY_RECORDS : Infinity);
	const time = new Date().toISOString().slice(0, 19).replaceAll(":", "");
	post({ t: "export", blob, copy,
		name: `${address.channel}-${time}.${format === "text" ? "log" : "ndjson"}` });
}

self.onmessage = ({ data }: MessageEvent<ToEngine>) => {
	if (data.t === "alive")
		return post(data);
	if (data.t === "open")
		return open(data);
	if (data.t === "filter")
		return void setFilter(data.spec);
	if (data.t === "limit")
		return void Object.assign(limit, { records: data.records, bytes: data.bytes });
	if (!channel)
		return;
	switch (data.t) {
	case "drawn":
		drawn = true;
		if (dirty)
			changed();
		break;
	case "need":
		if (data.gen === gen)
			post({ t: "rows", gen, from: data.from, to: data.to,
				rows: rowsOf(channel.view, data.from, data.to) });
		break;
	case "place":
		follow = data.follow && !data.paused;
		tail = data.tail;
		channel.place(follow ? Infinity : data.top);
		break;
	case "find":
		post({ t: "found", why: "find", pos: find(data.pos, data.forward) });
		break;
	case "time":
		post({ t: "found", why: "time", pos: atTime(data.seconds) });
		break;
	case "locate":
		locate(data.pos, data.spec);
		break;
	case "detail": {
		const made = data.gen === gen && detail(channel.view, channel.services, data.pos);
		if (made)
			post({ t: "detail", detail: made });
		break;
	}
	case "export": void exportAll(data.format, data.copy); break;
	case "older": void channel.older(); break;
	case "retry": channel.held = false; channel.link.open(); break;
	}
};
