#!/usr/bin/env node
// SPDX-License-Identifier: GPL-2.0-only
// A development tool: speaks what memlog-bridge speaks to its viewer, without
// the bridge. It serves dist/ and replays log files.
//
//   node dev/server.mjs [--port N] [--token T] [--rate N] [--ring N] [--no-cookies] [FILE…]
//
// Each FILE becomes a channel, its lines repeated at --rate a second; without
// one there is the channel "app", written by POST only. --ring is how many
// records a channel keeps. For tests: POST /dev/cut drops all connections,
// POST /dev/refuse?on=1 refuses all but POST, POST /dev/restart?channel=C begins a
// new stream, POST /dev/skip?channel=C&n=N loses N records for all clients.
import { randomBytes } from "node:crypto";
import { readFileSync, existsSync } from "node:fs";
import { createServer } from "node:http";
import { basename, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { WebSocketServer } from "ws";

const DIST = join(fileURLToPath(import.meta.url), "../../dist");
const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8",
	".css": "text/css; charset=utf-8", ".svg": "image/svg+xml", ".txt": "text/plain; charset=utf-8" };
const LEVELS = ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"];
const NONE = 0xffffffff;
const CGROUPS = { 4242: "ssh.service", 4343: "cron.service", 4444: "apache2.service" };

const options = { port: 0, token: "", rate: 50, ring: 100000, cookies: true, files: [] };
for (let args = process.argv.slice(2); args.length;) {
	const arg = args.shift();
	if (arg === "--no-cookies")
		options.cookies = false;
	else if (/^--(port|rate|ring)$/.test(arg))
		options[arg.slice(2)] = Number(args.shift());
	else if (arg === "--token")
		options.token = args.shift();
	else
		options.files.push(arg);
}

class Channel {
	constructor(name) {
		this.name = name;
		this.clients = new Set();
		this.renew();
	}

	renew() {
		this.stream = randomBytes(8).toString("hex");
		this.records = [];
		this.oldest = this.next = this.pos = 0;
	}

	hello() {
		return { stream: this.stream, channel: this.name, oldest: this.oldest, next: this.next };
	}

	write(facts) {
		const bytes = Buffer.isBuffer(facts.bytes) ? facts.bytes : Buffer.from(facts.text ?? "");
		const record = { seq: this.next++, pos: this.pos, pri: 13, type: 0, pid: NONE, uid: NONE,
			comm: "test", cgroup: "0", flags: 0, ...facts,
			time_ns: facts.time_ns ?? String(BigInt(Math.round((performance.timeOrigin + performance.now()) * 1000)) * 1000n), bytes };
		delete record.text;
		record.service = CGROUPS[record.cgroup] ?? "";
		this.pos += bytes.length;
		this.records.push(record);
		if (this.records.length > options.ring * 1.2) {
			this.records.splice(0, this.records.length - options.ring);
			this.oldest = this.records[0].seq;
		}
		return record;
	}

	flush(first) {
		for (const client of this.clients)
			client.send(this.records.slice(first - this.oldest));
	}
}

const channels = new Map();
let refusing = false;

function json(record) {
	const { bytes, ...rest } = record;
	const text = bytes.toString("utf8");
	return JSON.stringify(Buffer.from(text).equals(bytes) ? { ...rest, text }
		: { ...rest, base64: bytes.toString("base64") });
}

function binary(record) {
	const out = Buffer.alloc(64 + (record.bytes.length + 7 & ~7));
	out.writeBigUInt64LE(BigInt(record.seq), 0);
	out.writeBigUInt64LE(BigInt(record.pos), 8);
	out.writeBigUInt64LE(BigInt(record.time_ns), 16);
	out.writeBigUInt64LE(BigInt(record.cgroup), 24);
	out.writeUInt32LE(record.bytes.length, 32);
	out.writeUInt32LE(record.pid, 36);
	out.writeUInt32LE(record.uid, 40);
	out.writeUInt16LE(record.type, 44);
	out[46] = record.pri;
	out[47] = record.flags;
	out.write(record.comm.slice(0, 15), 48);
	record.bytes.copy(out, 64);
	return out;
}

function levelMask(text) {
	const of = (name) => {
		const level = LEVELS.indexOf(name);
		if (level < 0)
			throw new Error("level: there is no level " + name);
		return level;
	};
	return text.split(",").reduce((mask, part) => part.startsWith("=")
		? mask | 1 << of(part.slice(1)) : mask | (2 << of(part)) - 1, 0);
}

function parse(channel, query) {
	const tests = [];
	const fields = {};
	for (const [name, value] of query) {
		if (!/^(since|until|tail|from|level|grep|field|follow|format)$/.test(name))
			throw new Error("there is no parameter " + name);
		if (name === "field") {
			const [, key, wanted] = /^(\w+)=(.*)$/s.exec(value);
			(fields[key] ??= []).push(wanted);
		}
	}
	for (const [key, wanted] of Object.entries(fields))
		tests.push((r) => wanted.includes(String(key === "facility" ? r.pri >> 3 : r[key])));
	if (query.has("level")) {
		const mask = levelMask(query.get("level"));
		tests.push((r) => mask >> (r.pri & 7) & 1);
	}
	if (query.has("grep")) {
		const re = /^\/(.+)\/(i?)$/s.exec(query.get("grep"));
		const test = re ? new RegExp(re[1], re[2]) : { test: (text) => text.includes(query.get("grep")) };
		tests.push((r) => test.test(r.bytes.toString().replace(/\n$/, "")));
	}
	const passes = (r) => tests.every((test) => test(r));
	let from = channel.oldest;
	const items = [];
	let records = channel.records;
	if (query.has("from")) {
		const [, stream, seq] = /^(?:([0-9a-f]{16}):)?(\d+)$/.exec(query.get("from"));
		if (stream && stream !== channel.stream)
			throw new Error("from: the stream " + stream + " is not here");
		from = Number(seq);
		if (from < channel.oldest)
			items.push({ lost: { from, to: channel.oldest - 1, records: channel.oldest - from, bytes: null } });
		records = records.slice(Math.max(0, from - channel.oldest));
	}
	if (query.has("until")) {
		const [s, frac = ""] = query.get("until").slice(1).split(".");
		const until = BigInt(s) * 1000000000n + BigInt(frac.padEnd(9, "0"));
		records = records.filter((r) => BigInt(r.time_ns) <= until);
	}
	records = records.filter(passes);
	if (query.has("tail"))
		records = Number(query.get("tail")) ? records.slice(-Number(query.get("tail"))) : [];
	return { items, records, passes };
}

function authorized(request) {
	if (!options.token)
		return true;
	const cookie = options.cookies && /(?:^|; )memlog_token=([^;]*)/.exec(request.headers.cookie ?? "")?.[1];
	const bearer = request.headers.authorization?.replace(/^Bearer /, "");
	const protocol = /memlog\.token\.([\w-]+)/.exec(request.headers["sec-websocket-protocol"] ?? "")?.[1];
	return [cookie, bearer, protocol && Buffer.from(protocol, "base64url").toString()]
		.includes(options.token);
}

function answer(response, status, body = "", type = "text/plain") {
	const host = response.req.headers.host;
	response.writeHead(status, {
		"Content-Type": TYPES["." + type] ?? type,
		"Cache-Control": "no-cache",
		"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; " +
			`connect-src 'self' ws://${host} wss://${host}; worker-src 'self'; img-src 'self'; ` +
			"base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
		"X-Content-Type-Options": "nosniff",
	});
	response.end(body);
}

async function bodyOf(request) {
	const parts = [];
	for await (const part of request)
		parts.push(part);
	return Buffer.concat(parts);
}

async function session(request, response) {
	if (request.method === "DELETE") {
		response.setHeader("Set-Cookie", "memlog_token=; Max-Age=0; Path=/");
		return answer(response, 204);
	}
	const { token } = JSON.parse((await bodyOf(request)).toString() || "{}");
	if (token !== options.token)
		return answer(response, 401, "the token is not known\n");
	response.setHeader("Set-Cookie", `memlog_token=${token}; HttpOnly; SameSite=Strict; Path=/`);
	answer(response, 204);
}

async function write(channel, request, response) {
	const body = await bodyOf(request);
	const first = channel.next;
	const objects = /ndjson/.test(request.headers["content-type"]);
	for (const line of body.toString("latin1").split("\n")) {
		if (!line)
			continue;
		const bytes = Buffer.from(line, "latin1");
		if (!objects) {
			channel.write({ bytes: Buffer.concat([bytes, Buffer.from("\n")]) });
			continue;
		}
		const { text, base64, ...facts } = JSON.parse(bytes.toString());
		channel.write({ ...facts, bytes: base64 === undefined ? Buffer.from(text) : Buffer.from(base64, "base64") });
	}
	channel.flush(first);
	answer(response, 200, JSON.stringify({ stream: channel.stream, first, last: channel.next - 1,
		records: channel.next - first }), "application/json");
}

function read(channel, query, response) {
	const { items, records } = parse(channel, query);
	const lines = [JSON.stringify(channel.hello()), ...items.map((i) => JSON.stringify(i)), ...records.map(json)];
	answer(response, 200, lines.join("\n") + "\n", "application/x-ndjson");
}

async function api(request, response, url) {
	if (url.pathname === "/api/v1/session")
		return session(request, response);
	if (!authorized(request))
		return answer(response, 401, "a token is needed\n");
	if (url.pathname === "/api/v1/channels") {
		const list = [...channels.values()].map((c) => ({ name: c.name, type: "embedded", stream: c.stream,
			oldest: c.oldest, next: c.next, bytes: c.pos, size: c.pos, records: c.records.length,
			clients: c.clients.size }));
		return answer(response, 200, JSON.stringify({ channels: list }), "application/json");
	}
	const channel = channels.get(/^\/api\/v1\/channels\/([^/]+)\/records$/.exec(url.pathname)?.[1]);
	if (!channel)
		return answer(response, 404, "there is no such channel\n");
	return request.method === "POST" ? write(channel, request, response)
		: read(channel, url.searchParams, response);
}

function control(url, response) {
	const channel = channels.get(url.searchParams.get("channel"));
	switch (url.pathname) {
	case "/dev/cut":
		for (const each of channels.values())
			for (const client of each.clients)
				client.socket.terminate();
		break;
	case "/dev/refuse":
		refusing = url.searchParams.get("on") === "1";
		break;
	case "/dev/restart": {
		const ended = { ended: { stream: channel.stream, last: channel.next - 1 } };
		channel.renew();
		for (const client of channel.clients)
			client.tell(ended, channel.hello());
		break;
	}
	case "/dev/skip": {
		const n = Number(url.searchParams.get("n"));
		const lost = { from: channel.next, to: channel.next + n - 1, records: n, bytes: n * 100 };
		channel.next += n;
		channel.records = [];
		channel.oldest = channel.next;
		for (const client of channel.clients)
			client.tell({ lost });
		break;
	}
	}
	answer(response, 204);
}

const server = createServer((request, response) => {
	const url = new URL(request.url, "http://localhost");
	if (url.pathname.startsWith("/dev/"))
		return control(url, response);
	if (refusing && request.method !== "POST")
		return response.destroy();
	if (url.pathname.startsWith("/api/"))
		return api(request, response, url).catch((error) => answer(response, 400, error.message + "\n"));
	const path = join(DIST, url.pathname === "/" ? "index.html" : basename(url.pathname));
	if (!existsSync(path))
		return answer(response, 404, "there is nothing here\n");
	answer(response, 200, readFileSync(path), extname(path).slice(1));
});

class Client {
	constructor(socket, channel, query) {
		const { items, records, passes } = parse(channel, query);
		Object.assign(this, { socket, channel, passes });
		this.binary = socket.protocol === "memlog.binary";
		this.tell(channel.hello());
		for (const item of items)
			this.tell(item);
		this.send(records, true);
		channel.clients.add(this);
		socket.on("close", () => channel.clients.delete(this));
		socket.on("message", (data) => String(data) === "ping" ? socket.send("pong") : socket.close(1008));
		socket.on("error", () => {});
	}

	tell(...objects) {
		for (const object of objects)
			this.socket.send(JSON.stringify(this.binary || !object.lost ? object : [object]));
	}

	send(records) {
		const wanted = records.filter(this.passes);
		for (let at = 0; at < wanted.length; at += 400) {
			const part = wanted.slice(at, at + 400);
			if (this.binary)
				this.socket.send(Buffer.concat(part.map(binary)));
			else if (this.socket.protocol === "memlog.json")
				this.socket.send("[" + part.map(json).join(",") + "]");
			else
				this.socket.send(part.map((r) => r.bytes.toString()).join(""));
		}
	}
}

const sockets = new WebSocketServer({ noServer: true,
	handleProtocols: (names) => [...names].find((n) => /^memlog\.(text|json|binary)$/.test(n)) ?? false });
server.on("upgrade", (request, socket, head) => {
	const url = new URL(request.url, "http://localhost");
	const channel = channels.get(url.pathname.slice("/ws/".length));
	const refuse = (status) => socket.end(`HTTP/1.1 ${status}\r\nContent-Length: 0\r\n\r\n`);
	if (refusing)
		return socket.destroy();
	if (!authorized(request))
		return refuse("401 Unauthorized");
	if (!channel)
		return refuse("404 Not Found");
	try {
		parse(channel, url.searchParams);
	} catch {
		return refuse("400 Bad Request");
	}
	sockets.handleUpgrade(request, socket, head, (ws) => new Client(ws, channel, url.searchParams));
});

const GUESS = [[/fatal|critical/i, 2], [/\berror|fail|invalid|denied/i, 3], [/warn|exception/i, 4],
	[/\[notice\]|accepted/i, 5], [/\bD\b|debug|\bV\b/, 7]];

function replay(file) {
	const channel = new Channel(basename(file).replace(/\..*/, "").toLowerCase());
	channels.set(channel.name, channel);
	const lines = readFileSync(file, "utf8").split("\n").filter(Boolean);
	let at = 0;
	let owed = 0;
	const one = (time_ns) => {
		const line = lines[at++ % lines.length];
		const level = GUESS.find(([re]) => re.test(line))?.[1] ?? 6;
		const comm = /\s([\w.$()/-]{3,})\[(\d+)\]:/.exec(line);
		channel.write({ text: line + "\n", pri: 8 + level, time_ns, comm: comm?.[1].slice(0, 15) ?? channel.name,
			pid: comm ? Number(comm[2]) : 1000 + at % 7, uid: 0, cgroup: String(4242 + at % 3 * 101) });
	};
	const now = Date.now();
	for (let i = 1500; i > 0; i--)
		one(String(BigInt(Math.round(now - i * 250 - 2000 * Math.sin(i / 40) - Math.random() * 400)) * 1000000n));
	setInterval(() => {
		const first = channel.next;
		for (owed += options.rate * 0.02 * (options.rate < 1000 ? 0.4 + Math.random() * 1.2 : 1); owed >= 1; owed--)
			one();
		if (channel.next > first)
			channel.flush(first);
	}, 20);
}

options.files.forEach(replay);
if (!options.files.length)
	channels.set("app", new Channel("app"));
server.listen(options.port, "localhost", () =>
	console.log(`http://localhost:${server.address().port}/${options.token && "#token=" + options.token}`));
