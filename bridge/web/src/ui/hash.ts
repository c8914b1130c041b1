// SPDX-License-Identifier: GPL-2.0-only
// What stands behind "#" in the address: a channel, a record, and once a token.

export interface Hash {
	channel?: string;
	at?: { stream: string; seq: number };
	token?: string;
}

export function readHash(): Hash {
	const params = new URLSearchParams(location.hash.slice(1));
	const at = /^([0-9a-f]{16}):(\d{1,16})$/.exec(params.get("at") ?? "");
	return {
		channel: params.get("channel") ?? undefined,
		token: params.get("token") ?? undefined,
		at: at ? { stream: at[1]!, seq: Number(at[2]) } : undefined,
	};
}

function hashOf(channel: string, at?: { stream: string; seq: number }): string {
	return "#channel=" + encodeURIComponent(channel) + (at ? "&at=" + at.stream + ":" + at.seq : "");
}

export function permalink(channel: string, at: { stream: string; seq: number }): string {
	return location.href.split("#")[0] + hashOf(channel, at);
}

/** No entry in the history, so that "back" leaves the page; never a token. */
export function writeHash(channel?: string, at?: { stream: string; seq: number }) {
	history.replaceState(null, "", channel ? hashOf(channel, at) : location.href.split("#")[0]);
}
