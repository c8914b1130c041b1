// SPDX-License-Identifier: GPL-2.0-only
// The log, live: the last lines of a channel, and a new connection when one ends.
// The token comes in the address, behind "#token=", which no server ever sees;
// the channel behind "#channel=".
"use strict";

const MAX_LINES = 5000;
const log = document.getElementById("log");
const state = document.getElementById("state");
const params = new URLSearchParams(location.hash.slice(1));

function base64url(text) {
	const bytes = String.fromCharCode(...new TextEncoder().encode(text));
	return btoa(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function address() {
	const url = new URL("ws", location.href.split("#")[0]);
	url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
	if (params.get("channel"))
		url.pathname += "/" + encodeURIComponent(params.get("channel"));
	return url;
}

function atEnd() {
	return innerHeight + scrollY >= document.body.scrollHeight - 20;
}

// One text node a frame; the oldest go when there are too many lines.
let lines = 0;
const counts = [];

function show(text) {
	const follow = atEnd();
	const count = text.split("\n").length - 1;
	log.append(text);
	counts.push(count);
	lines += count;
	while (lines > MAX_LINES && counts.length > 1) {
		log.firstChild.remove();
		lines -= counts.shift();
	}
	if (follow)
		scrollTo(0, document.body.scrollHeight);
}

let wait = 500;

function connect() {
	const protocols = ["memlog.text"];
	if (params.get("token"))
		protocols.push("memlog.token." + base64url(params.get("token")));
	const ws = new WebSocket(address(), protocols);
	let fresh = true;

	ws.onopen = () => {
		state.textContent = "live";
		wait = 500;
	};
	ws.onmessage = (event) => {
		// a new connection begins with the history once more
		if (fresh) {
			log.replaceChildren();
			counts.length = lines = 0;
			fresh = false;
		}
		show(event.data);
	};
	ws.onclose = (event) => {
		state.textContent = "not connected" + (event.reason ? ": " + event.reason : "") +
			(params.get("token") ? "" : " (the address that memlog-bridge printed has a token)");
		setTimeout(connect, wait);
		wait = Math.min(wait * 2, 10000);
	};
}

connect();
