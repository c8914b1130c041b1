// SPDX-License-Identifier: GPL-2.0-only
// struct memlog_record, little-endian: the one form records are held in, however
// they came.

export const HEADER = 64;
export const PARTIAL = 1;
export const JOIN = 2;
export const ID_NONE = 0xffffffff;
/** The one type no record has: a marker, whose text is its JSON. */
export const TYPE_MARKER = 0xffff;

const COMM = 48;
const COMM_LEN = 16;

export const OFFSET = { seq: 0, pos: 8, time: 16, cgroup: 24, len: 32, pid: 36, uid: 40,
	type: 44, pri: 46, flags: 47, comm: COMM };

export interface JsonRecord {
	seq: number;
	pos: number;
	time_ns: string;
	pri: number;
	type: number;
	pid: number;
	uid: number;
	comm: string;
	cgroup: string;
	service?: string;
	flags: number;
	text?: string;
	base64?: string;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export function getU64(view: DataView, at: number): number {
	return view.getUint32(at, true) + view.getUint32(at + 4, true) * 0x100000000;
}

function setU64(view: DataView, at: number, value: number) {
	view.setUint32(at, value >>> 0, true);
	view.setUint32(at + 4, Math.floor(value / 0x100000000), true);
}

export function decode(bytes: Uint8Array): string {
	return decoder.decode(bytes);
}

export function bytesOfBase64(text: string): Uint8Array {
	return Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
}

function bigint(text: unknown): bigint {
	return typeof text === "string" && /^\d{1,20}$/.test(text) ? BigInt.asUintN(64, BigInt(text)) : 0n;
}

/** A JSON record as the binary format has it, without padding. */
export function pack(record: JsonRecord): Uint8Array {
	const text = record.base64 !== undefined ? bytesOfBase64(record.base64)
		: encoder.encode(record.text ?? "");
	const out = new Uint8Array(HEADER + text.length);
	const view = new DataView(out.buffer);

	setU64(view, OFFSET.seq, record.seq);
	setU64(view, OFFSET.pos, record.pos ?? 0);
	view.setBigUint64(OFFSET.time, bigint(record.time_ns), true);
	view.setBigUint64(OFFSET.cgroup, bigint(record.cgroup), true);
	view.setUint32(OFFSET.len, text.length, true);
	view.setUint32(OFFSET.pid, record.pid ?? ID_NONE, true);
	view.setUint32(OFFSET.uid, record.uid ?? ID_NONE, true);
	view.setUint16(OFFSET.type, record.type ?? 0, true);
	view.setUint8(OFFSET.pri, record.pri ?? 13);
	view.setUint8(OFFSET.flags, record.flags ?? 0);
	encoder.encodeInto(record.comm ?? "", out.subarray(COMM, COMM + COMM_LEN));
	out.set(text, HEADER);
	return out;
}

/** A marker, in the form of a record, at the time of what is around it. */
export function packMarker(marker: object, timeNs: bigint, seq: number): Uint8Array {
	return pack({
		seq, pos: 0, time_ns: String(timeNs), cgroup: "0", pid: ID_NONE, uid: ID_NONE,
		type: TYPE_MARKER, pri: 0, flags: 0, comm: "", text: JSON.stringify(marker),
	});
}

/**
 * Calls @record for each record of a binary message, with where it begins and
 * the length of its text.
 */
export function unpack(bytes: Uint8Array, record: (at: number, len: number) => void) {
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
	let at = 0;

	while (at < bytes.length) {
		if (bytes.length - at < HEADER)
			throw new Error("a message ends inside a record");
		const len = view.getUint32(at + OFFSET.len, true);
		if (len > bytes.length - at - HEADER)
			throw new Error("a record is longer than its message");
		record(at, len);
		at += HEADER + (len + 7 & ~7);
	}
}
