// SPDX-License-Identifier: GPL-2.0-only
// What the viewer's tests run against: the bridge or, with
// VIEWER_TARGET=dev, the development server of bridge/web. Both have a
// channel "app", which is written by POST.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync, unlinkSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const TOP = fileURLToPath(new URL("../..", import.meta.url));
const BUILD = resolve(TOP, process.env.BUILD ?? "build");
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
	channel = "app";

	/** The viewer's address with what stands behind "#". */
	page(hash = "token=" + this.token, query = "") {
		return this.base + query + (hash ? "#" + hash : "");
	}

	async ask(path, init = {}) {
		const headers = { Authorization: "Bearer " + this.token, ...init.headers };
		const answer = await fetch(this.base + path, { ...init, headers });
		if (!answer.ok)
			throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
		return answer;
	}

	/** Writes records: strings, or objects as POST takes them. */
	async write(...records) {
		const lines = records.map((r) => JSON.stringify(typeof r === "string" ? { text: r + "\n" } : r));
		let last;
		for (let at = 0; at < lines.length; at += 2000) {
			const answer = await this.ask(`api/v1/channels/${this.channel}/records`, {
				method: "POST", headers: { "Content-Type": "application/x-ndjson" },
				body: lines.slice(at, at + 2000).join("\n") + "\n" });
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
	many = 14000;

	async start(extra = []) {
		this.child = spawn(process.execPath, [join(TOP, "bridge/web/dev/server.mjs"), "--token", TOKEN,
			"--ring", String(this.ring), ...extra], { stdio: ["ignore", "pipe", "inherit"] });
		this.base = (await firstLine(this.child)).split("#")[0];
		return this;
	}

	control(what, query = "") {
		return fetch(`${this.base}dev/${what}?channel=app&${query}`, { method: "POST" });
	}

	/** Breaks all connections; they can come back at once. */
	async cut() {
		await this.control("cut");
	}

	async down() {
		await this.control("refuse", "on=1");
		await this.control("cut");
	}

	async up() {
		await this.control("refuse", "on=0");
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
		writeFileSync(tokens, `write ${TOKEN}\n`, { mode: 0o600 });
		this.args = ["--channel", "app=embedded:8M", "--token-file", tokens, ...extra];
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

	async down() {
		this.child.kill("SIGKILL");
		await ended(this.child);
	}

	async cut() {
		await this.down();
		await this.up();
	}

	async renew() {
		await this.down();
		for (const name of readdirSync(this.folder))
			if (/ring|embedded|^app/.test(name) && name !== "tokens")
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
