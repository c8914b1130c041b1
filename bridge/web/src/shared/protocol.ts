// SPDX-License-Identifier: GPL-2.0-only
// What the page and its engine (a Worker) say to each other. The engine has the
// connection, the records and the filter; the page has what is on the screen.

export interface FilterSpec {
	/** Literal, /regex/ or /regex/i, as the bridge's `grep`. */
	text: string;
	/** A bit for each level. */
	levels: number;
	/** Any of the values of a name, for all names. */
	fields: Record<string, string[]>;
	/** "only": the others are hidden. "find": text is looked for among all. */
	mode: "only" | "find";
}

export interface Address {
	/** Of the page, with a slash at the end. */
	base: string;
	channel: string;
	/** A token, when there are no cookies. */
	token?: string;
	at?: { stream: string; seq: number };
	/** What the page held before its engine had to be replaced. */
	from?: { stream: string; seq: number };
}

export type Kind = "record" | "lost" | "ended" | "started" | "unknown";

/** A row of the list: a record, or a marker between records. */
export interface Row {
	pos: number;
	kind: Kind;
	seq: number;
	time: number;
	/** Milliseconds since the row before it, or NaN. */
	delta: number;
	level: number;
	comm: string;
	pid: number;
	service: string;
	text: string;
	/** Characters that were left out of text. */
	more: number;
	/** Records joined into it. */
	span: number;
	/** Start and end of each match in text. */
	hits: number[];
	matches: boolean;
	marker?: Marker;
}

export interface Marker {
	kind: Exclude<Kind, "record">;
	stream: string;
	from?: number;
	to?: number;
	records?: number | null;
	bytes?: number | null;
	last?: number | null;
	/** No loss was told; the numbers have a hole. */
	untold?: boolean;
}

export interface Detail {
	pos: number;
	fields: [name: string, value: string, filter?: string][];
	text: string;
	base64?: string;
	stream: string;
	seq: number;
	comm: string;
	json: string;
	marker?: Marker;
}

export type Link =
	| { state: "connecting" }
	| { state: "live" }
	| { state: "waiting"; until: number; why: string }
	| { state: "ended"; why: string }
	| { state: "refused"; why: string }
	| { state: "held" }
	| { state: "unauthorized" };

export interface Bars {
	/** Seconds a bar stands for, and where the first begins. */
	step: number;
	start: number;
	/** For each level, a count for each bar. */
	counts: Uint32Array[];
}

export interface View {
	t: "view";
	gen: number;
	first: number;
	end: number;
	held: number;
	received: number;
	rate: number;
	trimmed: number;
	lost: number;
	gaps: number;
	matched: number;
	/** How much of what is held the filter has seen, 0 to 1. */
	scanned: number;
	older: "more" | "none" | "loading" | "failed";
	olderWhy: string;
	rows: Row[];
	bars?: Bars;
}

export type FromEngine =
	| View
	| { t: "rows"; gen: number; from: number; to: number; rows: Row[] }
	| { t: "link"; link: Link }
	| { t: "found"; pos: number | null; why: "find" | "time" | "at" }
	| { t: "detail"; detail: Detail }
	| { t: "export"; blob: Blob; name: string; copy: boolean }
	| { t: "names"; comm: string[]; service: string[] }
	| { t: "bad"; why: string }
	| { t: "alive"; id: number };

export type ToEngine =
	| { t: "open"; address: Address }
	| { t: "filter"; spec: FilterSpec }
	| { t: "need"; gen: number; from: number; to: number }
	| { t: "place"; top: number; follow: boolean; paused: boolean; tail: number }
	| { t: "find"; pos: number; forward: boolean }
	| { t: "time"; seconds: number }
	| { t: "locate"; gen: number; pos: number; spec: FilterSpec }
	| { t: "detail"; gen: number; pos: number }
	| { t: "export"; format: "text" | "ndjson"; copy: boolean }
	| { t: "older" }
	| { t: "retry" }
	| { t: "limit"; records: number; bytes: number }
	| { t: "drawn" }
	| { t: "alive"; id: number };
