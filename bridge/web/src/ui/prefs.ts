// SPDX-License-Identifier: GPL-2.0-only
// What a person set, kept by the browser where it keeps anything.

export type TimeMode = "absolute" | "relative" | "delta";

interface Prefs {
	theme: "auto" | "dark" | "light";
	wrap: boolean;
	time: TimeMode;
	chart: boolean;
}

const KEY = "memlog";
export const prefs: Prefs = { theme: "auto", wrap: innerWidth < 640, time: "absolute", chart: true };

try {
	const kept = JSON.parse(localStorage.getItem(KEY) ?? "{}");
	for (const name of Object.keys(prefs) as (keyof Prefs)[])
		if (typeof kept[name] === typeof prefs[name])
			(prefs as unknown as Record<string, unknown>)[name] = kept[name];
} catch {
	// nothing is kept, or not by us
}

export function keep() {
	try {
		localStorage.setItem(KEY, JSON.stringify(prefs));
	} catch {
		// then it lasts as long as the page
	}
	applyTheme();
}

function isDark(): boolean {
	return prefs.theme === "dark" ||
		prefs.theme === "auto" && matchMedia("(prefers-color-scheme: dark)").matches;
}

export function applyTheme() {
	document.documentElement.dataset.theme = isDark() ? "dark" : "light";
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", applyTheme);
