// SPDX-License-Identifier: GPL-2.0-only
// The bridge's HTTP interface, and who we are to it: a cookie the page cannot
// read, or, where there are no cookies, a token that lives as long as the page.

export interface ChannelInfo {
	name: string;
	type: string;
	stream: string;
	oldest: number;
	next: number;
	records: number;
	clients: number;
}

export class Unauthorized extends Error {}

export const base = new URL(".", location.href.split("#")[0]).href;
let token: string | undefined;

export function heldToken(): string | undefined {
	return token;
}

function headers(): HeadersInit {
	return token ? { Authorization: "Bearer " + token } : {};
}

/** Hands a token to the bridge; false if it knows no such token. */
export async function login(secret: string): Promise<boolean> {
	const answer = await fetch(base + "api/v1/session", {
		method: "POST",
		headers: { "Content-Type": "application/json" },
		body: JSON.stringify({ token: secret }),
	});
	if (answer.status === 401 || answer.status === 400)
		return false;
	if (!answer.ok)
		throw new Error("the bridge answers " + answer.status);
	token = undefined;
	try {
		await channels();
	} catch (error) {
		if (!(error instanceof Unauthorized))
			throw error;
		// the cookie does not come back to us
		token = secret;
	}
	return true;
}

export async function logout() {
	await fetch(base + "api/v1/session", { method: "DELETE", headers: headers() });
	token = undefined;
}

export async function channels(): Promise<ChannelInfo[]> {
	const answer = await fetch(base + "api/v1/channels", { headers: headers() });
	if (answer.status === 401)
		throw new Unauthorized();
	if (!answer.ok)
		throw new Error((await answer.text()).trim() || "the bridge answers " + answer.status);
	return (await answer.json()).channels;
}
