// SPDX-License-Identifier: GPL-2.0-only
// What a connection brings, put into the store: no record twice, and a marker
// for each that is missing.

import type { Marker } from "../shared/protocol";
import type { Services } from "./services";
import type { Store } from "./store";
import { JOIN, OFFSET, getU64, packMarker, unpack } from "./wire";

export interface Hello {
	stream: string;
	channel: string;
	oldest: number;
	next: number;
}

interface Events {
	appended(id: number): void;
	joined(id: number): void;
	hello(hello: Hello): void;
}

const MOST_NAMES = 500;

export class Intake {
	stream = "";
	/** Number of the record that comes next, if known. */
	next: number | null = null;
	received = 0;
	lost = 0;
	gaps = 0;
	readonly comms = new Set<string>();
	/** The last entry is the record before `next`. */
	private joinable = false;
	private lastGroup = 0;

	constructor(private store: Store, private services: Services, private events: Events) {}

	/** Where to go on from, for the bridge's `from`. */
	get from(): string | null {
		return this.stream && this.next !== null ? this.stream + ":" + this.next : null;
	}

	text(message: string) {
		const data = JSON.parse(message);
		if (data.ended)
			this.ended(data.ended);
		else if (data.lost)
			this.loss(data.lost);
		else if (typeof data.stream === "string")
			this.hello(data);
	}

	private hello(hello: Hello) {
		if (hello.stream !== this.stream) {
			const other = this.stream !== "";
			this.stream = hello.stream;
			this.next = null;
			this.joinable = false;
			this.store.beginStream(hello.stream);
			if (other)
				this.mark({ kind: "started", stream: hello.stream }, 0);
		}
		this.events.hello(hello);
	}

	private ended(ended: { stream: string; last: number | null }) {
		this.mark({ kind: "ended", stream: ended.stream, last: ended.last }, ended.last ?? 0);
		this.joinable = false;
		this.next = null;
	}

	private loss(lost: { from: number; to: number; records: number; bytes: number | null }) {
		if (this.next !== null && lost.to < this.next)
			return;
		this.gap({ kind: "lost", stream: this.stream, ...lost });
		this.next = lost.to + 1;
	}

	private gap(marker: Marker) {
		this.gaps++;
		this.lost += marker.records ?? 0;
		this.mark(marker, marker.from!);
		this.joinable = false;
	}

	private mark(marker: Marker, seq: number) {
		const { store } = this;
		const time = store.length ? store.timeNs(store.next - 1) : BigInt(Date.now()) * 1000000n;
		this.events.appended(store.append(packMarker(marker, time, seq)));
	}

	binary(bytes: Uint8Array) {
		const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
		let count = 0;
		unpack(bytes, (at, len) => {
			const seq = getU64(view, at);
			if (this.next !== null && seq < this.next)
				return;
			if (this.next !== null && seq > this.next)
				this.gap({ kind: "lost", stream: this.stream, from: this.next, to: seq - 1,
					records: seq - this.next, bytes: null, untold: true });
			this.record(bytes, view, at, len);
			this.next = seq + 1;
			this.joinable = true;
			this.received++;
			if (!(count++ & 15))
				this.name();
		});
	}

	private record(bytes: Uint8Array, view: DataView, at: number, len: number) {
		const { store } = this;
		const group = getU64(view, at + OFFSET.cgroup);
		if (group !== this.lastGroup) {
			this.lastGroup = group;
			this.services.seen(group, this.stream + ":" + getU64(view, at));
		}
		if (this.joinable && bytes[at + OFFSET.flags]! & JOIN && store.join(bytes, at, len))
			this.events.joined(store.next - 1);
		else
			this.events.appended(store.append(bytes, at, len));
	}

	private name() {
		if (this.comms.size < MOST_NAMES)
			this.comms.add(this.store.comm(this.store.next - 1));
	}

}
