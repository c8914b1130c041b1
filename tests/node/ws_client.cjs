// SPDX-License-Identifier: GPL-2.0-only
// The ws package as a client: prints each message that comes as a line of JSON, says
// "ping" and sends ping frames while it is at it, and ends when standard input does.
//
//	ws_client.cjs URL SUBPROTOCOL|"" [NAME=VALUE]...	the rest are headers
"use strict";

const WebSocket = require("ws");

const [url, protocol, ...rest] = process.argv.slice(2);
const headers = Object.fromEntries(rest.map((h) => h.split(/=(.*)/s).slice(0, 2)));
const ws = new WebSocket(url, protocol ? [protocol] : [], { headers, rejectUnauthorized: false });
const say = (object) => process.stdout.write(JSON.stringify(object) + "\n");
let pings = 0;
let timer;

ws.on("open", () => {
	say({ open: ws.protocol });
	timer = setInterval(() => {
		const payload = Buffer.from(`ping ${++pings}`);
		ws.send("ping");
		ws.ping(payload);
	}, 100);
});
ws.on("pong", (data) => say({ pong: data.toString() }));
ws.on("message", (data, binary) => {
	if (binary)
		say({ binary: data.toString("base64") });
	else
		say({ text: data.toString() });
});
ws.on("unexpected-response", (request, response) => {
	say({ refused: response.statusCode });
	request.destroy();
	process.exit(0);
});
ws.on("error", (error) => say({ error: error.message }));
ws.on("close", (code) => {
	clearInterval(timer);
	say({ close: code });
	process.stdin.destroy();
});
process.stdin.on("end", () => ws.close(1000));
process.stdin.resume();
