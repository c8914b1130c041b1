// SPDX-License-Identifier: GPL-2.0-only
// The records that are held: their bytes in chunks, and where each begins. A
// million records are some thousand objects. An entry is a record or a marker;
// its id says how many came before it and never changes.

import type { Marker } from "../shared/protocol";
import { HEADER, OFFSET, TYPE_MARKER, decode, getU64 } from "./wire";

const CHUNK = 1024;
const MASK = CHUNK - 1;
const MOST_JOINED = 4 << 20;

class Chunk {
	bytes = new Uint8Array(CHUNK * 128);
	view = new DataView(this.bytes.buffer);
	used = 0;
	at = new Uint32Array(CHUNK);
	span = new Uint16Array(CHUNK);

	room(more: number) {
		if (this.used + more <= this.bytes.length)
			return;
		const bytes = new Uint8Array(Math.max(this.used + more, this.bytes.length * 1.5));
		bytes.set(this.bytes.subarray(0, this.used));
		this.bytes = bytes;
		this.view = new DataView(bytes.buffer);
	}

	add(slot: number, from: Uint8Array, at: number, len: number) {
		const size = HEADER + len;
		this.room(size);
		this.bytes.set(from.subarray(at, at + size), this.used);
		this.at[slot] = this.used;
		this.span[slot] = 1;
		this.used += size;
	}
}

export class Store {
	first = 0;
	next = 0;
	/** Of memory. */
	bytes = 0;
	private chunks: Chunk[] = [];
	/** Math.floor(id / CHUNK) of chunks[0]. */
	private base = 0;
	/** Streams by the id they begin at, ascending. */
	private streams: { id: number; name: string }[] = [];

	get length(): number {
		return this.next - this.first;
	}

	append(from: Uint8Array, at = 0, len = from.length - HEADER): number {
		const id = this.next++;
		if (!(id & MASK) || !this.chunks.length)
			this.grow(id);
		const chunk = this.chunk(id);
		this.bytes -= chunk.bytes.length;
		chunk.add(id & MASK, from, at, len);
		this.bytes += chunk.bytes.length;
		return id;
	}

	private grow(id: number) {
		const full = this.chunks[this.chunks.length - 1];
		if (full) {
			this.bytes -= full.bytes.length - full.used;
			full.bytes = full.bytes.slice(0, full.used);
			full.view = new DataView(full.bytes.buffer);
		} else {
			this.base = Math.floor(id / CHUNK);
		}
		const chunk = new Chunk();
		this.bytes += chunk.bytes.length;
		this.chunks.push(chunk);
	}

	/** Adds the text of a record to the last entry, which it continues. */
	join(from: Uint8Array, at: number, len: number): boolean {
		const id = this.next - 1;
		const chunk = this.chunk(id);
		const old = this.textLength(id);
		if (old + len > MOST_JOINED || chunk.span[id & MASK] === 0xffff)
			return false;
		this.bytes -= chunk.bytes.length;
		chunk.room(len);
		this.bytes += chunk.bytes.length;
		chunk.bytes.set(from.subarray(at + HEADER, at + HEADER + len), chunk.used);
		chunk.used += len;
		const head = chunk.at[id & MASK]!;
		chunk.view.setUint32(head + OFFSET.len, old + len, true);
		chunk.view.setUint8(head + OFFSET.flags, chunk.view.getUint8(head + OFFSET.flags) |
			from[at + OFFSET.flags]!);
		chunk.span[id & MASK]!++;
		return true;
	}

	/** Puts entries, in order, before the first. */
	prepend(entries: Uint8Array[], stream: string) {
		const partial: Uint8Array[] = [];
		const spans: number[] = [];
		let id = this.first;
		if (id & MASK && this.chunks.length) {
			const end = Math.min(this.next, id - (id & MASK) + CHUNK);
			for (; id < end; id++) {
				partial.push(this.entry(id));
				spans.push(this.span(id));
			}
			this.bytes -= this.chunks.shift()!.bytes.length;
			this.base++;
		}
		const all = [...entries, ...partial];
		this.first -= entries.length;
		const last = this.first + all.length - 1;
		if (!this.chunks.length)
			this.base = Math.floor(last / CHUNK) + 1;
		for (let high = all.length; high > 0;) {
			const top = this.first + high - 1;
			const low = Math.max(0, top - (top & MASK) - this.first);
			this.chunks.unshift(this.filled(all, low, high, entries.length, spans));
			this.base--;
			high = low;
		}
		if (stream !== this.streams[0]?.name)
			this.streams.unshift({ id: this.first, name: stream });
		else
			this.streams[0]!.id = this.first;
	}

	private filled(all: Uint8Array[], low: number, high: number, fresh: number,
		spans: number[]): Chunk {
		const chunk = new Chunk();
		for (let i = low; i < high; i++) {
			const slot = (this.first + i) & MASK;
			chunk.add(slot, all[i]!, 0, all[i]!.length - HEADER);
			chunk.span[slot] = i < fresh ? 1 : spans[i - fresh]!;
		}
		this.bytes += chunk.bytes.length;
		return chunk;
	}

	/** Lets go of the oldest chunk, but never of the one that is being filled. */
	trim(): number {
		if (this.chunks.length < 2)
			return 0;
		const was = this.first;
		this.bytes -= this.chunks.shift()!.bytes.length;
		this.base++;
		this.first = this.base * CHUNK;
		while (this.streams.length > 1 && this.streams[1]!.id <= this.first)
			this.streams.shift();
		return this.first - was;
	}

	/** What trim() would make the first. */
	trimTo(): number {
		return this.chunks.length < 2 ? this.first : (this.base + 1) * CHUNK;
	}

	beginStream(name: string) {
		const last = this.streams[this.streams.length - 1];
		if (last?.name !== name)
			this.streams.push({ id: this.next, name });
	}

	stream(id: number): string {
		let name = this.streams[0]?.name ?? "";
		for (const stream of this.streams)
			if (stream.id <= id)
				name = stream.name;
		return name;
	}

	/** Id of the record with this number, of what came nearest behind it, or null. */
	find(stream: string, seq: number): number | null {
		const at = this.streams.findIndex((s) => s.name === stream);
		if (at < 0)
			return null;
		let low = Math.max(this.first, this.streams[at]!.id);
		let high = this.streams[at + 1]?.id ?? this.next;
		const end = high;
		while (low < high) {
			const middle = low + Math.floor((high - low) / 2);
			if (this.seq(middle) + this.span(middle) - 1 < seq)
				low = middle + 1;
			else
				high = middle;
		}
		return low < end ? low : null;
	}

	private chunk(id: number): Chunk {
		return this.chunks[Math.floor(id / CHUNK) - this.base]!;
	}

	private u64(id: number, field: number): number {
		const chunk = this.chunk(id);
		return getU64(chunk.view, chunk.at[id & MASK]! + field);
	}

	private u32(id: number, field: number): number {
		const chunk = this.chunk(id);
		return chunk.view.getUint32(chunk.at[id & MASK]! + field, true);
	}

	private u8(id: number, field: number): number {
		const chunk = this.chunk(id);
		return chunk.bytes[chunk.at[id & MASK]! + field]!;
	}

	seq(id: number): number { return this.u64(id, OFFSET.seq); }
	pos(id: number): number { return this.u64(id, OFFSET.pos); }
	/** Milliseconds since 1970, good to the microsecond. */
	time(id: number): number { return this.u64(id, OFFSET.time) / 1e6; }
	pid(id: number): number { return this.u32(id, OFFSET.pid); }
	uid(id: number): number { return this.u32(id, OFFSET.uid); }
	pri(id: number): number { return this.u8(id, OFFSET.pri); }
	level(id: number): number { return this.u8(id, OFFSET.pri) & 7; }
	flags(id: number): number { return this.u8(id, OFFSET.flags); }
	textLength(id: number): number { return this.u32(id, OFFSET.len); }
	span(id: number): number { return this.chunk(id).span[id & MASK]!; }

	type(id: number): number {
		return this.u8(id, OFFSET.type) | this.u8(id, OFFSET.type + 1) << 8;
	}

	isMarker(id: number): boolean {
		return this.type(id) === TYPE_MARKER;
	}

	private u64exact(id: number, field: number): bigint {
		const chunk = this.chunk(id);
		return chunk.view.getBigUint64(chunk.at[id & MASK]! + field, true);
	}

	timeNs(id: number): bigint { return this.u64exact(id, OFFSET.time); }
	cgroup(id: number): number { return this.u64(id, OFFSET.cgroup); }
	cgroupExact(id: number): string { return String(this.u64exact(id, OFFSET.cgroup)); }

	comm(id: number): string {
		const chunk = this.chunk(id);
		const at = chunk.at[id & MASK]! + OFFSET.comm;
		let end = at;
		let ascii = "";
		for (; end < at + 16 && chunk.bytes[end]; end++)
			ascii += String.fromCharCode(chunk.bytes[end]!);
		return /^[\x20-\x7e]*$/.test(ascii) ? ascii : decode(chunk.bytes.subarray(at, end));
	}

	raw(id: number): Uint8Array {
		const chunk = this.chunk(id);
		const at = chunk.at[id & MASK]! + HEADER;
		return chunk.bytes.subarray(at, at + this.textLength(id));
	}

	/** The text without the newline at its end. */
	text(id: number): string {
		const raw = this.raw(id);
		const end = raw[raw.length - 1] === 10 ? raw.length - 1 : raw.length;
		return decode(raw.subarray(0, end));
	}

	marker(id: number): Marker {
		return JSON.parse(decode(this.raw(id)));
	}

	private entry(id: number): Uint8Array {
		const chunk = this.chunk(id);
		const at = chunk.at[id & MASK]!;
		return chunk.bytes.slice(at, at + HEADER + this.textLength(id));
	}
}
