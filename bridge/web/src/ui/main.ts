// SPDX-License-Identifier: GPL-2.0-only
// The viewer: puts its parts together.

import "uplot/dist/uPlot.min.css";
import { Unauthorized, base, channels, heldToken, login, type ChannelInfo } from "./api";
import { App } from "./app";
import { byId, h } from "./dom";
import { readHash, writeHash } from "./hash";
import { askForToken } from "./login";
import { applyTheme } from "./prefs";

const picker = byId<HTMLSelectElement>("channel");
const LIST_MS = 15_000;
const AGAIN_MS = 1500;

applyTheme();
const app = new App(async () => {
	await access("The bridge no longer takes your token.");
	start();
});

function option(channel: ChannelInfo): HTMLOptionElement {
	return h("option", { value: channel.name }, channel.name);
}

function fillPicker(list: ChannelInfo[]) {
	const names = list.map((c) => c.name).join("\n");
	if (picker.dataset.names === names)
		return;
	const now = picker.value;
	picker.dataset.names = names;
	picker.replaceChildren(...list.map(option));
	if (list.some((c) => c.name === now))
		picker.value = now;
}

function pause(ms: number) {
	return new Promise((done) => setTimeout(done, ms));
}

/** Comes back with the channels, once the bridge lets us. */
async function access(why = ""): Promise<ChannelInfo[]> {
	for (;;) {
		try {
			return await channels();
		} catch (error) {
			if (error instanceof Unauthorized) {
				byId("state").textContent = "no access";
				await askForToken(why);
				why = "";
			} else {
				app.waiting((error as Error).message, AGAIN_MS);
				await pause(AGAIN_MS);
			}
		}
	}
}

/** The token in the address, once: it does not stay there. */
async function useToken(): Promise<string> {
	const { token, channel, at } = readHash();
	if (token === undefined)
		return "";
	writeHash(channel, at);
	for (;;) {
		try {
			return await login(token) ? "" : "The bridge does not know the token in the address.";
		} catch (error) {
			app.waiting((error as Error).message, AGAIN_MS);
			await pause(AGAIN_MS);
		}
	}
}

async function start() {
	const list = await access(await useToken());
	fillPicker(list);
	const hash = readHash();
	const channel = hash.channel ?? list.find((c) => c.name === "memlog")?.name ?? list[0]?.name;
	if (channel === undefined) {
		app.nothing("The bridge has no channel that this token may read.");
		setTimeout(start, LIST_MS);
		return;
	}
	if (!list.some((c) => c.name === channel))
		picker.append(h("option", { value: channel }, channel));
	picker.value = channel;
	app.open({ base, channel, at: hash.at, token: heldToken() });
}

picker.addEventListener("change", () => {
	writeHash(picker.value);
	app.open({ base, channel: picker.value, token: heldToken() });
});
picker.addEventListener("focus", async () => fillPicker(await channels().catch(() => [])));
addEventListener("hashchange", () => void start());
setInterval(async () => {
	if (document.visibilityState === "visible" && picker.value)
		await channels().then(fillPicker, () => {});
}, LIST_MS);
void start();
