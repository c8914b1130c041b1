// SPDX-License-Identifier: GPL-2.0-only
// Records that are older than what is held, from the bridge.

import type { Address, Marker } from "../shared/protocol";
import type { Filter } from "./filter";
import { packMarker, pack, type JsonRecord } from "./wire";

export const PORTION = 1000;

export interface Portion {
	/** Entries of one stream after the other, the oldest first. */
	groups: { stream: string; entries: Uint8Array[]; records: number }[];
	/** There may be more before them. */
	more: boolean;
}

/** What is held begins here. */
export interface Bound {
	stream: string;
	seq: number;
	timeNs: bigint;
}

type Line = { stream?: string; ended?: { stream: string; last: number | null };
	lost?: { from: number; to: number; records: number; bytes: number | null } } & JsonRecord;

/** Calls @each with each object of the answer, until it returns false. */
export async function ask(address: Address, query: URLSearchParams,
	each: (line: Line) => boolean): Promise<void> {
	const abort = new AbortController();
	const url = new URL("api/v1/channels/" + encodeURIComponent(address.channel) + "/records",
		address.base);
	query.set("format", "ndjson");
	query.set("follow", "0");
	url.search = query.toString();
	const headers: HeadersInit = address.token ? { Authorization: "Bearer " + address.token } : {};
	const answer = await fetch(url, { headers, signal: abort.signal });
	if (!answer.ok)
		throw new Error((await answer.text()).trim().slice(0, 300) || "status " + answer.status);
	const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
	let rest = "";
	for (;;) {
		const { done, value } = await reader.read();
		if (done)
			break;
		const lines = (rest + value).split("\n");
		rest = lines.pop()!;
		for (const line of lines) {
			if (line && !each(JSON.parse(line))) {
				reader.cancel().catch(() => {});
				abort.abort();
				return;
			}
		}
	}
	if (rest.trim())
		each(JSON.parse(rest));
}

class Collector {
	groups: Portion["groups"] = [];
	private current: Portion["groups"][0] | null = null;
	private timeNs = 0n;

	constructor(private bound: Bound) {}

	/** False once what is held begins. */
	take(line: Line): boolean {
		if (line.ended)
			this.mark({ kind: "ended", stream: line.ended.stream, last: line.ended.last },
				line.ended.last ?? 0);
		else if (line.lost)
			return this.lost(line.lost);
		else if (typeof line.seq === "number")
			return this.record(line);
		else if (typeof line.stream === "string")
			this.begin(line.stream);
		return true;
	}

	private begin(stream: string) {
		if (this.current?.stream === stream)
			return;
		const other = this.current !== null;
		this.current = { stream, entries: [], records: 0 };
		this.groups.push(this.current);
		if (other)
			this.mark({ kind: "started", stream }, 0);
	}

	private reached(seq: number): boolean {
		return this.current!.stream === this.bound.stream && seq >= this.bound.seq;
	}

	private record(record: JsonRecord): boolean {
		if (!this.current || this.reached(record.seq))
			return !this.current;
		const entry = pack(record);
		this.timeNs = new DataView(entry.buffer).getBigUint64(16, true);
		this.current.entries.push(entry);
		this.current.records++;
		return true;
	}

	private lost(lost: NonNullable<Line["lost"]>): boolean {
		if (!this.current || this.reached(lost.from))
			return !this.current;
		// before the first record it only says that nothing older is kept
		if (this.current.records)
			this.mark({ kind: "lost", stream: this.current.stream, ...lost }, lost.from);
		return !this.reached(lost.to + 1);
	}

	private mark(marker: Marker, seq: number) {
		this.current?.entries.push(packMarker(marker, this.timeNs || this.bound.timeNs, seq));
	}
}

/** The records just before @bound that @filter lets through. */
export async function older(address: Address, bound: Bound, filter: Filter,
	learn: (record: JsonRecord) => void): Promise<Portion> {
	const query = filter.open ? new URLSearchParams() : filter.query();
	const direct = filter.open && bound.seq > 0;
	const from = Math.max(0, bound.seq - PORTION);
	if (direct) {
		query.set("from", bound.stream + ":" + from);
	} else {
		// a little beyond, since others may bear the same time
		const until = bound.timeNs + 1000n;
		query.set("until", "@" + until / 1000000000n + "." +
			String(until % 1000000000n).padStart(9, "0"));
		query.set("tail", String(PORTION));
	}
	const collector = new Collector(bound);
	let first: number | null = null;
	await ask(address, query, (line) => {
		if (typeof line.seq === "number") {
			first ??= line.seq;
			learn(line);
		}
		return collector.take(line);
	});
	const groups = collector.groups.filter((group) => group.records);
	const records = groups.reduce((sum, group) => sum + group.records, 0);
	const more = direct ? records > 0 && (first === from) : records >= PORTION / 2;
	return { groups, more };
}
