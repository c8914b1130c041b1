// SPDX-License-Identifier: GPL-2.0-only
// What the viewer's tests run against: the bridge or, with
// VIEWER_TARGET=dev, the development server of bridge/web. Both have a
// channel "app", which is written by POST.
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync, unlinkSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const TOP = fileURLToPath(new URL("../..", import.meta.url));
const BUILD = resolve(TOP, process.env.BUILD ?? "build");
const LARGEST_BODY = 1 << 19;
const TOKEN = "correct-horse-battery-staple";

function firstLine(child) {
	return new Promise((done, failed) => {
		let text = "";
		child.stdout.on("data", (data) => {
			text += data;
			if (text.includes("\n"))
				done(text.split("\n")[0].trim());
		});
		child.on("exit", (status) => failed(new Error(`it did not start: exit status ${status}`)));
	});
}

function ended(child) {
	return child.exitCode !== null || child.signalCode !== null ? Promise.resolve()
		: new Promise((done) => child.on("exit", done));
}

class Target {
	token = TOKEN;
	writeToken = TOKEN;
	channel = "app";

	/** The viewer's address with what stands behind "#". */
	page(hash = "token=" + this.token, query = "") {
		return this.base + query + (hash ? "#" + hash : "");
	}

	async ask(path, init = {}) {
		const token = init.method === "POST" ? this.writeToken : this.token;
		const headers = { Authorization: "Bearer " + token, ...init.headers };
		const answer = await fetch(this.base + path, { ...init, headers });
		if (!answer.ok)
			throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
		return answer;
	}

	/** Writes records: strings, or objects as POST takes them. */
	async write(...records) {
		const lines = records.map((r) => JSON.stringify(typeof r === "string" ? { text: r + "\n" } : r));
		let last;
		while (lines.length) {
			let body = "";
			while (lines.length && body.length + lines[0].length < LARGEST_BODY)
				body += lines.shift() + "\n";
			const answer = await this.ask(`api/v1/channels/${this.channel}/records`, {
				method: "POST", headers: { "Content-Type": "application/x-ndjson" }, body });
			last = await answer.json();
		}
		return last;
	}

	async info() {
		const { channels } = await (await this.ask("api/v1/channels")).json();
		return channels.find((c) => c.name === this.channel);
	}
}

export class Dev extends Target {
	ring = 10000;

	async start(extra = []) {
		this.child = spawn(process.execPath, [join(TOP, "bridge/web/dev/server.mjs"), "--token", TOKEN,
			"--ring", String(this.ring), ...extra], { stdio: ["ignore", "pipe", "inherit"] });
		this.base = (await firstLine(this.child)).split("#")[0];
		return this;
	}

	control(what, query = "") {
		return fetch(`${this.base}dev/${what}?channel=app&${query}`, { method: "POST" });
	}

	async down() {
		await this.control("refuse", "on=1");
		await this.control("cut");
	}

	async up() {
		await this.control("refuse", "on=0");
	}

	/** Writes lines while nobody can be connected. */
	async writeDown(...lines) {
		await this.write(...lines);
	}

	/** Has a line in parts in a channel, and says in which. */
	async long(text) {
		const parts = text.match(/.{1,16384}/g);
		await this.write(...parts.map((part, i) => ({ text: part,
			flags: (i < parts.length - 1 ? 1 : 0) | (i ? 2 : 0) })));
		return this.channel;
	}

	/** The channel's stream ends, another begins. */
	async renew() {
		await this.control("restart");
	}

	async stop() {
		this.child.kill();
		await ended(this.child);
	}
}

export class Bridge extends Target {
	async start(extra = []) {
		this.folder = mkdtempSync(join(tmpdir(), "memlog-viewer."));
		const tokens = join(this.folder, "tokens");
		this.writeToken = "staple-battery-horse-correct";
		writeFileSync(tokens, `read ${this.token}\nwrite ${this.writeToken}\n`, { mode: 0o600 });
		this.small = join(this.folder, "small.ring");
		this.memlog(["-c", this.small, "--create", "--size", "64K"], "the first\n");
		this.args = ["--channel", "app=embedded:8M", "--channel", "small=" + this.small, "--token-file", tokens, ...extra];
		this.port = 0;
		await this.up();
		return this;
	}

	async up() {
		this.child = spawn(join(BUILD, "memlog-bridge"),
			[...this.args, "--listen", "localhost:" + this.port],
			{ cwd: this.folder, stdio: ["ignore", "pipe", "ignore"],
				env: { ...process.env, RUNTIME_DIRECTORY: this.folder } });
		this.base = (await firstLine(this.child)).split("#")[0];
		this.port = new URL(this.base).port;
	}

	memlog(args, input) {
		const { status, stderr } = spawnSync(join(BUILD, "memlog"), ["write", ...args], { input });
		if (status)
			throw new Error("memlog write: " + stderr);
	}

	async writeDown(...lines) {
		this.memlog(["-c", join(this.folder, "app.ring")], lines.join("\n") + "\n");
	}

	async long(text) {
		this.memlog(["-w", "-c", this.small], text);
		return "small";
	}

	async down() {
		this.child.kill("SIGKILL");
		await ended(this.child);
	}

	async renew() {
		await this.down();
		for (const name of readdirSync(this.folder))
			if (name === "app.ring")
				unlinkSync(join(this.folder, name));
		await this.up();
	}

	async stop() {
		this.child.kill();
		await ended(this.child);
		rmSync(this.folder, { recursive: true, force: true });
	}
}

export function make() {
	return process.env.VIEWER_TARGET === "dev" ? new Dev() : new Bridge();
}
