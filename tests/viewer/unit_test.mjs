#!/usr/bin/env node
// SPDX-License-Identifier: GPL-2.0-only
// The viewer's parts without a page: what holds, filters and counts records.
// Run by `node --test` or alone.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { pathToFileURL } from "node:url";

const require = createRequire(new URL("../../bridge/web/package.json", import.meta.url));
const SOURCES = new URL("../../bridge/web/src/", import.meta.url).pathname;
let esbuild;
try {
	esbuild = createRequire(require.resolve("vite"))("esbuild");
} catch {
	console.log("1..0 # SKIP bridge/web has no node_modules (cd bridge/web && npm ci)");
	process.exit(4);
}

const folder = mkdtempSync(join(tmpdir(), "memlog-unit."));
after(() => rmSync(folder, { recursive: true }));
const all = ["wire", "store", "view", "filter", "intake", "services", "histogram", "deque", "history", "rows"]
	.map((name) => `export * from ${JSON.stringify(SOURCES + "engine/" + name + ".ts")};`).join("\n");
const built = await esbuild.build({ stdin: { contents: all, resolveDir: SOURCES }, bundle: true,
	format: "esm", write: false });
writeFileSync(join(folder, "engine.mjs"), built.outputFiles[0].text);
const { Store, View, Filter, Intake, Services, Histogram, Deque, pack, unpack, row, older, jsonOf } =
	await import(pathToFileURL(join(folder, "engine.mjs")));

const ALL = { text: "", levels: 0xff, fields: {}, mode: "only" };
const services = new Services(async () => {}, () => {});

function record(seq, more = {}) {
	return pack({ seq, pos: seq * 10, time_ns: String(1700000000000000000n + BigInt(seq) * 1000000n), pri: 13,
		type: 0, pid: 7, uid: 0, comm: "unit", cgroup: "0", flags: 0, text: `text ${seq}\n`, ...more });
}

/** Records as a binary message has them. */
function message(...records) {
	const parts = records.map((r) => Buffer.concat([r, Buffer.alloc((8 - r.length % 8) % 8)]));
	return new Uint8Array(Buffer.concat(parts));
}

function intake(spec = ALL) {
	const store = new Store();
	const made = { store, view: new View(store, new Filter(spec, services)), hellos: [] };
	made.intake = new Intake(store, services, {
		appended: (id) => made.view.appended(id), joined: (id) => made.view.joined(id),
		hello: (hello) => made.hellos.push(hello) });
	return made;
}

const HELLO = JSON.stringify({ stream: "00000000000000aa", channel: "c", oldest: 0, next: 0 });
const shown = ({ view }) => {
	const out = [];
	for (let pos = view.first; pos < view.end; pos++) {
		const { store, id } = view.place(pos);
		out.push(store.isMarker(id) ? store.marker(id).kind : store.text(id));
	}
	return out;
};

test("messages that are cut or lie about lengths are refused", () => {
	const whole = message(record(0), record(1));
	for (let cut = 1; cut < whole.length; cut++) {
		const part = whole.slice(0, cut);
		const lengths = [];
		try {
			unpack(part, (at, len) => lengths.push([at, len]));
		} catch {
			// refused
		}
		for (const [at, len] of lengths)
			assert.ok(at + 64 + len <= cut);
	}
	new DataView(whole.buffer).setUint32(32, 0xffffffff, true);
	assert.throws(() => unpack(whole, () => {}), /longer/);
});

test("the store keeps every field", () => {
	const store = new Store();
	const id = store.append(record(2 ** 40 + 3, { time_ns: "1732500000123456789", cgroup: "18446744073709551615",
		pri: 191, pid: 0xfffffffe, uid: 5, type: 513, comm: "fifteen-chars-x", flags: 3, text: "\u00e4\n" }));
	assert.equal(store.seq(id), 2 ** 40 + 3);
	assert.equal(store.timeNs(id), 1732500000123456789n);
	assert.equal(store.cgroupExact(id), "18446744073709551615");
	assert.deepEqual([store.pri(id), store.level(id), store.pid(id), store.uid(id), store.type(id),
		store.comm(id), store.flags(id), store.text(id)],
	[191, 7, 0xfffffffe, 5, 513, "fifteen-chars-x", 3, "\u00e4"]);
});

test("the store trims and prepends by ids that stay", () => {
	const store = new Store();
	store.beginStream("aa");
	for (let seq = 3000; seq < 8000; seq++)
		store.append(record(seq));
	assert.equal(store.seq(store.first), 3000);
	store.prepend(Array.from({ length: 1500 }, (_, i) => record(1500 + i)), "aa");
	store.prepend(Array.from({ length: 700 }, (_, i) => record(800 + i)), "aa");
	assert.equal(store.length, 7200);
	for (let id = store.first; id < store.next; id++)
		assert.equal(store.seq(id), 800 + id - store.first);
	assert.equal(store.find("aa", 4321), store.first + 4321 - 800);
	assert.equal(store.find("bb", 4321), null);
	let bytes = store.bytes;
	while (store.trim())
		assert.ok(store.bytes < bytes, "memory is given back"), bytes = store.bytes;
	assert.ok(store.length >= 1);
	assert.equal(store.seq(store.next - 1), 7999);
	store.append(record(8000));
	assert.equal(store.text(store.next - 1), "text 8000");
});

test("a million records take little more than their bytes", () => {
	const store = new Store();
	const one = record(1, { text: "x".repeat(127) + "\n" });
	for (let i = 0; i < 1_000_000; i++)
		store.append(one);
	assert.ok(store.bytes < 1_000_000 * (64 + 128) * 1.05, String(store.bytes));
	assert.equal(store.text(999_999).length, 127);
});

test("nothing is taken twice, and every hole is marked", () => {
	const made = intake();
	made.intake.text(HELLO);
	made.intake.binary(message(record(5), record(6)));
	made.intake.binary(message(record(5), record(6), record(7)));
	made.intake.text(JSON.stringify({ lost: { from: 8, to: 11, records: 4, bytes: 40 } }));
	made.intake.text(JSON.stringify({ lost: { from: 8, to: 11, records: 4, bytes: 40 } }));
	made.intake.binary(message(record(12), record(15)));
	assert.deepEqual(shown(made), ["text 5", "text 6", "text 7", "lost", "text 12", "lost", "text 15"]);
	assert.deepEqual([made.intake.lost, made.intake.gaps, made.intake.received], [6, 2, 5]);
	assert.equal(made.store.marker(5).untold, true);
	assert.equal(made.intake.from, "00000000000000aa:16");
});

test("the end of a stream and the next one's begin", () => {
	const made = intake();
	made.intake.text(HELLO);
	made.intake.binary(message(record(5)));
	made.intake.text(JSON.stringify({ ended: { stream: "00000000000000aa", last: 5 } }));
	made.intake.text(HELLO.replace("aa", "bb"));
	made.intake.binary(message(record(0)));
	assert.deepEqual(shown(made), ["text 5", "ended", "started", "text 0"]);
	assert.equal(made.store.stream(0), "00000000000000aa");
	assert.equal(made.store.stream(3), "00000000000000bb");
});

test("parts of a line are joined where they join", () => {
	const made = intake({ ...ALL, text: "ab" });
	made.intake.text(HELLO);
	made.intake.binary(message(record(0, { text: "a", flags: 1 })));
	assert.deepEqual(shown(made), []);
	made.intake.binary(message(record(1, { text: "b", flags: 3 }), record(2, { text: "c\n", flags: 2 })));
	assert.deepEqual(shown(made), ["abc"]);
	assert.equal(made.store.span(0), 3);
	// not behind a gap
	made.intake.binary(message(record(3, { text: "ab", flags: 1 }), record(5, { text: "ab\n", flags: 2 })));
	assert.deepEqual(shown(made), ["abc", "ab", "lost", "ab"]);
});

test("filters do what the bridge's do", () => {
	const store = new Store();
	const id = store.append(record(1, { pri: 3 * 8 + 4, comm: "cron", text: "Disk (full)\n" }));
	const passes = (spec) => new Filter({ ...ALL, ...spec }, services).matches(store, id);
	assert.ok(passes({ text: "k (f" }));
	assert.ok(!passes({ text: "disk" }));
	assert.ok(passes({ text: "/^disk \\(/i" }));
	assert.ok(passes({ text: "/\\)$/" }), "the newline at the end does not count");
	assert.ok(!passes({ text: "/disk/" }));
	assert.ok(passes({ text: "/[^\\-x]/" }));
	assert.ok(passes({ levels: 1 << 4 }) && !passes({ levels: 0xff ^ 1 << 4 }));
	assert.ok(passes({ fields: { comm: ["sshd", "cron"] } }) && !passes({ fields: { comm: ["sshd"] } }));
	assert.ok(passes({ fields: { facility: ["daemon"] } }) && passes({ fields: { facility: ["3"] } }));
	assert.ok(!passes({ fields: { comm: ["cron"], pid: ["8"] } }));
	assert.throws(() => passes({ text: "/(/" }));
	const query = new Filter({ text: "a b", levels: 3, fields: { comm: ["x", "y"] }, mode: "only" }, services).query();
	assert.equal(String(query), "level=%3Demerg%2C%3Dalert&grep=a+b&field=comm%3Dx&field=comm%3Dy");
});

test("a filter sees old and new, in slices, and markers always", () => {
	const made = intake();
	made.intake.text(HELLO);
	for (let seq = 0; seq < 5000; seq++)
		made.intake.binary(message(record(seq)));
	made.intake.text(JSON.stringify({ lost: { from: 5000, to: 5009, records: 10, bytes: null } }));
	made.view = new View(made.store, new Filter({ ...ALL, text: "/[05]00$/" }, services));
	while (!made.view.done) {
		const scanned = made.view.scanned;
		made.view.work(0);
		assert.ok(made.view.scanned > scanned);
	}
	made.intake.binary(message(record(5010), record(5011, { text: "500\n" })));
	const want = Array.from({ length: 10 }, (_, i) => "text " + (i * 500)).filter((t) => /[05]00$/.test(t));
	assert.deepEqual(shown(made), [...want, "lost", "500"]);
	assert.equal(made.view.records, want.length + 1);
	const middle = made.view.end - 2;
	assert.equal(made.view.place(middle).store.isMarker(made.view.place(middle).id), true);
	made.view.trimming(made.store.first, made.store.trimTo());
	made.store.trim();
	assert.deepEqual(shown(made).slice(-3), ["text 4500", "lost", "500"]);
	assert.equal(made.view.place(middle).store.isMarker(made.view.place(middle).id), true, "positions stay");
});

test("matches are found where they are", () => {
	const filter = (text) => new Filter({ ...ALL, text }, services);
	assert.deepEqual(filter("aa").hits("aaaa b aa"), [0, 2, 2, 4, 7, 9]);
	assert.deepEqual(filter("/a+/i").hits("xAab"), [1, 3]);
	assert.deepEqual(filter("/x*/").hits("ab"), []);
	assert.ok(filter("a").hits("a".repeat(10000)).length <= 400);
});

test("each cgroup is asked for once", async () => {
	const asked = [];
	let learned;
	const done = new Promise((resolve) => { learned = resolve; });
	const names = new Services(async (place, each) => {
		asked.push(place);
		if (each({ cgroup: "7", service: "cron.service" }))
			each({ cgroup: "8", service: "" });
	}, learned);
	names.seen(0, "aa:1");
	names.seen(7, "aa:2");
	names.seen(7, "aa:3");
	await done;
	names.seen(7, "aa:4");
	assert.deepEqual(asked, ["aa:2"]);
	assert.deepEqual([names.name(7), names.name(8), names.known], ["cron.service", "", ["cron.service"]]);
});

test("the histogram counts, coarsens and forgets", () => {
	const histogram = new Histogram();
	for (let i = 0; i < 20000; i++)
		histogram.add(1.7e12 + i * 1000, i % 8);
	const sum = () => histogram.bars(100)?.counts.reduce((n, level) => n + level.reduce((a, b) => a + b, 0), 0) ?? 0;
	assert.equal(sum(), 20000);
	assert.ok(histogram.bars(100).counts[0].length <= 100);
	for (let i = 0; i < 20000; i++)
		histogram.add(1.7e12 + i * 1000, i % 8, -1);
	assert.equal(sum(), 0);
});

test("a deque keeps its positions", () => {
	const deque = new Deque();
	for (let i = 0; i < 5000; i++) {
		deque.push(i);
		deque.unshift(-1 - i);
	}
	for (let i = -5000; i < 5000; i++)
		assert.equal(deque.at(i), i);
	assert.equal(deque.search(17), 17);
	deque.dropBelow(100);
	assert.deepEqual([deque.first, deque.at(100), deque.length], [100, 100, 4900]);
});

function answer(...objects) {
	const lines = objects.map((o) => JSON.stringify(o)).join("\n") + "\n";
	globalThis.fetch = async (url) => { answer.url = String(url); return new Response(lines); };
}

const json = (seq, more) => JSON.parse(jsonOfRecord(seq, more));
function jsonOfRecord(seq, more) {
	const made = intake();
	made.store.append(record(seq, more));
	return jsonOf(made.view, services, 0);
}

test("what is older comes in order, across streams, and never twice", async () => {
	const address = { base: "http://h/", channel: "c" };
	const bound = { stream: "bb", seq: 10, timeNs: 1700000001000000000n };
	const open = new Filter(ALL, services);
	answer({ stream: "bb", oldest: 0, next: 99 }, json(8), { lost: { from: 9, to: 9, records: 1, bytes: null } }, json(10), json(11));
	let got = await older(address, bound, open, () => {});
	assert.equal(new URL(answer.url).searchParams.get("from"), "bb:0");
	assert.equal(got.groups[0].entries.length, 2);
	assert.equal(got.more, false);
	answer({ stream: "aa", oldest: 0, next: 0 }, json(98), { ended: { stream: "aa", last: 98 } },
		{ stream: "bb", oldest: 0, next: 99 }, json(3), json(10), json(12));
	got = await older(address, bound, new Filter({ ...ALL, text: "text" }, services), () => {});
	assert.equal(new URL(answer.url).searchParams.get("grep"), "text");
	assert.deepEqual(got.groups.map((g) => [g.stream, g.records]), [["aa", 1], ["bb", 1]]);
});

test("rows are short, whatever the record", () => {
	const made = intake({ ...ALL, text: "end" });
	made.intake.text(HELLO);
	made.intake.binary(message(record(0, { text: "x".repeat(500000) + "end\n" })));
	const shownRow = row(made.view, services, made.view.first);
	assert.ok(shownRow.text.length <= 4000);
	assert.equal(shownRow.more, 500003 - shownRow.text.length);
	assert.equal(shownRow.matches, true);
});
