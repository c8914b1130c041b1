// SPDX-License-Identifier: GPL-2.0-only
// Elements out of code: what is shown is always text, never markup.

type Props = Record<string, string | number | boolean | EventListener | undefined>;
type Child = Node | string | null | undefined | false;

export function h<K extends keyof HTMLElementTagNameMap>(tag: K, props: Props = {},
	...children: Child[]): HTMLElementTagNameMap[K] {
	const element = document.createElement(tag);
	for (const [name, value] of Object.entries(props)) {
		if (typeof value === "function")
			element.addEventListener(name.slice(2), value);
		else if (value === true)
			element.setAttribute(name, "");
		else if (value !== undefined && value !== false)
			element.setAttribute(name, String(value));
	}
	for (const child of children)
		if (child)
			element.append(child);
	return element;
}

export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
	return document.getElementById(id) as T;
}

const numbers = new Intl.NumberFormat("en-US");
export function count(n: number): string {
	return numbers.format(n);
}

/** What a screen reader says; the last of what is said in a second. */
let speaking = 0;
export function speak(text: string) {
	clearTimeout(speaking);
	speaking = window.setTimeout(() => { byId("spoken").textContent = text; }, 1000);
}

let toasting = 0;
export function toast(text: string) {
	document.querySelector(".toast")?.remove();
	const box = h("div", { class: "toast" }, text);
	document.body.append(box);
	speak(text);
	clearTimeout(toasting);
	toasting = window.setTimeout(() => box.remove(), 4000);
}
