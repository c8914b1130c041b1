// SPDX-License-Identifier: GPL-2.0-only
// What is shown: text, levels, processes, services, and fields that were picked.

import { ALL_LEVELS, LEVELS } from "../shared/levels";
import type { FilterSpec } from "../shared/protocol";
import { byId, h } from "./dom";

const SHORT = ["emerg", "alert", "crit", "err", "warn", "notice", "info", "debug"];
const TYPING_MS = 150;

function list(text: string): string[] {
	return text.split(",").map((part) => part.trim()).filter(Boolean);
}

export class FilterBar {
	readonly text = h("input", { type: "search", id: "text", placeholder: "Filter: text or /regex/",
		"aria-label": "Filter by text or /regex/", spellcheck: "false", autocapitalize: "off",
		enterkeyhint: "search" });
	private mode = h("button", { type: "button", class: "toggle", id: "mode", "aria-pressed": "true",
		title: "Show only matches, or mark them among all (m)" }, "only");
	private comm = this.input("comm", "process");
	private service = this.input("service", "service");
	private levels = h("span", { class: "levels", role: "group", "aria-label": "Levels" });
	private picked = h("span", { class: "picked" });
	private count = h("output", { class: "count", for: "text" });
	private fields: Record<string, string[]> = {};
	private mask = ALL_LEVELS;
	private timer = 0;
	private form = byId<HTMLFormElement>("filter");

	constructor(private changed: (spec: FilterSpec) => void, find: (forward: boolean) => void) {
		for (let level = 0; level < 8; level++)
			this.levels.append(this.levelButton(level));
		const step = (text: string, label: string, forward: boolean) => h("button",
			{ type: "button", class: "icon", title: label, "aria-label": label,
				onclick: () => find(forward) }, text);
		this.form.append(
			h("span", { class: "search" }, this.text, this.mode),
			step("\u2191", "Previous match (N)", false), step("\u2193", "Next match (n)", true),
			this.count, this.levels, this.comm.label, this.service.label, this.picked);
		this.form.addEventListener("submit", (event) => { event.preventDefault(); this.apply(); });
		this.mode.addEventListener("click", () => this.toggleMode());
		for (const input of [this.text, this.comm.input, this.service.input])
			input.addEventListener("input", () => {
				clearTimeout(this.timer);
				this.timer = window.setTimeout(() => this.apply(), TYPING_MS);
			});
	}

	private input(id: string, name: string) {
		const input = h("input", { type: "search", id: "f-" + id, list: "known-" + id,
			placeholder: name, spellcheck: "false", autocapitalize: "off", size: 12,
			title: `Only this ${name}; several with commas` });
		const known = h("datalist", { id: "known-" + id });
		return { input, known, label: h("label", { class: "field" },
			h("span", { class: "sr" }, name), input, known) };
	}

	private levelButton(level: number): HTMLElement {
		return h("button", { type: "button", class: "level b" + level, "aria-pressed": "true",
			title: `${LEVELS[level]}: show or hide; with Shift only this`,
			onclick: (event) => {
				const only = 1 << level;
				if ((event as MouseEvent).shiftKey)
					this.mask = this.mask === only ? ALL_LEVELS : only;
				else
					this.mask ^= only;
				if (!this.mask)
					this.mask = ALL_LEVELS;
				this.apply();
			} }, SHORT[level]!);
	}

	get spec(): FilterSpec {
		const fields: Record<string, string[]> = { ...this.fields };
		const add = (name: string, values: string[]) => {
			if (values.length)
				fields[name] = [...fields[name] ?? [], ...values];
		};
		add("comm", list(this.comm.input.value));
		add("service", list(this.service.input.value));
		return { text: this.text.value, levels: this.mask, fields,
			mode: this.mode.getAttribute("aria-pressed") === "true" ? "only" : "find" };
	}

	get active(): boolean {
		const { spec } = this;
		return spec.text !== "" || spec.levels !== ALL_LEVELS || Object.keys(spec.fields).length > 0;
	}

	apply() {
		this.display();
		this.changed(this.spec);
	}

	/** Shows what the filter is, without setting it. */
	display() {
		clearTimeout(this.timer);
		this.bad("");
		[...this.levels.children].forEach((button, level) =>
			button.setAttribute("aria-pressed", String((this.mask >> level & 1) === 1)));
		this.showPicked();
	}

	private showPicked() {
		const chips = Object.entries(this.fields).flatMap(([name, values]) => values.map((value) =>
			h("button", { type: "button", class: "chip", title: "Take away",
				onclick: () => { this.pick(name, value, false); } }, `${name} = ${value} \u00d7`)));
		if (this.active)
			chips.push(h("button", { type: "button", class: "chip", title: "Show all (Esc)",
				onclick: () => this.clear() }, "clear"));
		this.picked.replaceChildren(...chips);
	}

	toggleMode() {
		const only = this.mode.getAttribute("aria-pressed") !== "true";
		this.mode.setAttribute("aria-pressed", String(only));
		this.apply();
	}

	/** Adds a field's value, or takes it away. */
	pick(name: string, value: string, on = true) {
		if (name === "level") {
			this.mask = 1 << LEVELS.indexOf(value);
			return this.apply();
		}
		const values = (this.fields[name] ?? []).filter((v) => v !== value);
		if (on)
			values.push(value);
		if (values.length)
			this.fields[name] = values;
		else
			delete this.fields[name];
		this.apply();
	}

	clear(apply = true) {
		this.text.value = this.comm.input.value = this.service.input.value = "";
		this.fields = {};
		this.mask = ALL_LEVELS;
		if (apply)
			this.apply();
	}

	bad(why: string) {
		this.text.setCustomValidity(why);
		this.text.setAttribute("aria-invalid", String(why !== ""));
		this.text.title = why;
		if (why)
			this.showCount(why, true);
	}

	showCount(text: string, bad = false) {
		if (!bad && this.text.getAttribute("aria-invalid") === "true")
			return;
		if (this.count.textContent !== text)
			this.count.textContent = text;
		this.count.classList.toggle("error", bad);
	}

	known(comm: string[], service: string[]) {
		const fill = (to: HTMLElement, names: string[]) =>
			to.replaceChildren(...names.sort().map((name) => h("option", { value: name })));
		fill(this.comm.known, comm);
		fill(this.service.known, service);
	}
}
