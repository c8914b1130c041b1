// SPDX-License-Identifier: GPL-2.0-only
// The WebSocket: opened again when it is lost, after a time that grows and is
// not the same for everybody.

import { base64url } from "../shared/base64url";
import type { Address, Link as State } from "../shared/protocol";

const FIRST_MS = 500;
const LONGEST_MS = 15_000;
const PING_MS = 20_000;
const PONG_MS = 10_000;

interface Events {
	state(state: State): void;
	text(message: string): void;
	binary(bytes: Uint8Array): void;
	/** What the bridge is asked for: where to begin. */
	query(): string;
	/** It did not come about: false if another try has no sense. */
	failed(): Promise<{ again: boolean; state?: State; why?: string }>;
}

export class Link {
	private socket: WebSocket | null = null;
	private timer = 0;
	private pinger = 0;
	private pong = 0;
	private attempt = 0;
	private wanted = false;

	constructor(private address: Address, private events: Events) {}

	open() {
		this.wanted = true;
		clearTimeout(this.timer);
		this.drop();
		this.events.state({ state: "connecting" });
		const url = new URL(this.address.base);
		url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
		url.pathname += "ws/" + encodeURIComponent(this.address.channel);
		url.search = this.events.query();
		const protocols = ["memlog.binary"];
		if (this.address.token)
			protocols.push("memlog.token." + base64url(this.address.token));
		const socket = new WebSocket(url, protocols);
		socket.binaryType = "arraybuffer";
		this.socket = socket;
		this.listen(socket);
	}

	private listen(socket: WebSocket) {
		let opened = false;
		socket.onopen = () => {
			opened = true;
			this.events.state({ state: "live" });
			this.pinger = self.setInterval(() => this.ping(), PING_MS);
		};
		socket.onmessage = (event) => {
			if (typeof event.data !== "string") {
				this.events.binary(new Uint8Array(event.data));
			} else if (event.data === "pong") {
				clearTimeout(this.pong);
			} else {
				this.events.text(event.data);
			}
			this.attempt = 0;
		};
		socket.onclose = (event) => {
			if (socket !== this.socket)
				return;
			this.drop();
			void this.closed(event, opened);
		};
	}

	private ping() {
		this.socket?.send("ping");
		clearTimeout(this.pong);
		this.pong = self.setTimeout(() => {
			this.drop();
			this.wait("the bridge does not answer");
		}, PONG_MS);
	}

	private async closed(event: CloseEvent, opened: boolean) {
		const why = event.reason;
		switch (event.code) {
		case 1000: return this.events.state({ state: "ended", why: why || "the channel has ended" });
		case 1001: return this.wait("the bridge is shutting down");
		case 1008: return this.events.state({ state: "refused", why: why || "the bridge refused" });
		case 1011: return this.wait(why || "the bridge cannot read the channel");
		case 1013: return this.wait(why || "the bridge has too many clients");
		}
		if (opened)
			return this.wait(why || "the connection was lost");
		const failure = await this.events.failed();
		if (!this.wanted)
			return;
		if (failure.again)
			this.wait(failure.why || "the bridge cannot be reached");
		else
			this.events.state(failure.state!);
	}

	private wait(why: string) {
		if (!this.wanted)
			return;
		const longest = Math.min(LONGEST_MS, FIRST_MS * 2 ** this.attempt++);
		const ms = longest * (0.5 + Math.random() / 2);
		clearTimeout(this.timer);
		this.timer = self.setTimeout(() => this.open(), ms);
		this.events.state({ state: "waiting", until: Date.now() + ms, why });
	}

	/** Lets go of it; nothing is asked for until open(). */
	close() {
		this.wanted = false;
		clearTimeout(this.timer);
		this.drop();
	}

	private drop() {
		const { socket } = this;
		this.socket = null;
		clearInterval(this.pinger);
		clearTimeout(this.pong);
		if (!socket)
			return;
		socket.onopen = socket.onmessage = socket.onclose = null;
		socket.close();
	}
}
