// SPDX-License-Identifier: GPL-2.0-only

export type Command = "filter" | "next" | "previous" | "top" | "end" | "follow" | "pause" | "wrap" |
	"time" | "down" | "up" | "open" | "copy" | "link" | "context" | "mode" | "theme" | "retry" |
	"escape" | "help";

const KEYS: Record<string, Command> = {
	"/": "filter", n: "next", N: "previous", g: "top", G: "end", f: "follow", " ": "pause", w: "wrap",
	t: "time", j: "down", k: "up", ArrowDown: "down", ArrowUp: "up", Enter: "open", c: "copy",
	l: "link", x: "context", m: "mode", d: "theme", r: "retry", Escape: "escape", "?": "help",
	Home: "top", End: "end",
};

/** Keys that a control with the focus needs itself. */
function taken(event: KeyboardEvent): boolean {
	const target = event.target as HTMLElement;
	if (document.querySelector("dialog[open]"))
		return true;
	if (event.key === "Escape")
		return false;
	if (target.closest("input, select, textarea"))
		return true;
	return target.closest("button, a") !== null && (event.key === " " || event.key === "Enter");
}

export function listenForKeys(act: (command: Command) => void) {
	document.addEventListener("keydown", (event) => {
		if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || taken(event))
			return;
		const command = KEYS[event.key];
		if (!command)
			return;
		event.preventDefault();
		act(command);
	});
}
