// SPDX-License-Identifier: GPL-2.0-only
// Keeps the parts of the page together: the engine's messages and a person's
// commands go to whom they concern.

import type { Address, Detail, FilterSpec, FromEngine, View } from "../shared/protocol";
import { Banner } from "./banner";
import { Chart } from "./chart";
import { DetailPanel } from "./detail";
import { byId, count, h, speak, toast } from "./dom";
import { Engine } from "./engine";
import { FilterBar } from "./filterbar";
import { permalink, writeHash } from "./hash";
import { showHelp } from "./help";
import { listenForKeys, type Command } from "./keys";
import { List } from "./list";
import { keep, prefs, type TimeMode } from "./prefs";
import { plain } from "./text";
import { Tools } from "./tools";

const SPEAK_MS = 20_000;
const OLDER_MS = 300;
const TIMES: TimeMode[] = ["absolute", "relative", "delta"];

export class App {
	private engine = new Engine((message) => this.got(message), (stuck) => this.stuck(stuck));
	private list = new List({
		need: (gen, from, to) => this.engine.send({ t: "need", gen, from, to }),
		place: () => this.tellPlace(),
		select: (pos) => this.select(pos, true),
		older: () => this.askOlder(),
		drawn: () => this.engine.send({ t: "drawn" }),
	});
	private chart = new Chart((seconds) => this.engine.send({ t: "time", seconds }));
	private filter = new FilterBar((spec) => this.setFilter(spec), (forward) => this.find(forward));
	private tools = new Tools((command) => this.act(command),
		(format, copy) => this.engine.send({ t: "export", format, copy }));
	private banner = new Banner(() => this.act("retry"), () => this.act("end"));
	private panel = new DetailPanel({
		filter: (name, value) => this.filter.pick(name, value),
		copy: (text, what) => void this.copy(text, what),
		link: (detail) => this.copyLink(detail),
		context: (detail) => this.context(detail.pos),
		close: () => this.closePanel(),
	});
	private empty = h("p", { class: "empty", hidden: true });
	private address: Address | null = null;
	private view: View | null = null;
	private wanted: "detail" | "copy" | "link" | null = null;
	private place = "";
	private opened = 0;
	private spokenAt = Date.now();
	private spoken = 0;
	private oldestAsked = 0;
	private askingOlder = 0;

	constructor(private unauthorized: () => void) {
		byId("list").append(this.empty);
		listenForKeys((command) => this.act(command));
		setInterval(() => { if (prefs.time === "relative") this.list.refreshTimes(); }, 1000);
		this.show();
	}

	open(address: Address) {
		this.address = address;
		this.opened = Date.now();
		this.view = null;
		this.panel.close();
		this.list.paused = false;
		this.list.follow = !address.at;
		byId("log").setAttribute("aria-label", "Records of " + address.channel);
		document.title = address.channel + " \u2013 memlog";
		const limit = Number(new URLSearchParams(location.search).get("limit"));
		if (limit > 0)
			this.engine.send({ t: "limit", records: limit, bytes: 768 << 20 });
		this.engine.send({ t: "open", address });
		this.place = "";
		this.show();
	}

	waiting(why: string, ms: number) {
		this.banner.show({ state: "waiting", until: Date.now() + ms, why }, false);
	}

	nothing(text: string) {
		this.empty.textContent = text;
		this.empty.hidden = false;
	}

	private got(message: FromEngine) {
		switch (message.t) {
		case "view": return this.gotView(message);
		case "rows": return this.list.gotRows(message.gen, message.rows);
		case "link":
			this.banner.show(message.link, this.list.paused);
			if (message.link.state === "unauthorized")
				this.unauthorized();
			return;
		case "found": return this.found(message.pos, message.why);
		case "detail": return this.gotDetail(message.detail);
		case "export": return void this.exported(message.blob, message.name, message.copy);
		case "names": return this.filter.known(message.comm, message.service);
		case "bad": return this.filter.bad(message.why);
		}
	}

	private gotView(view: View) {
		const { view: was } = this;
		this.view = view;
		if (was?.gen !== view.gen)
			this.oldestAsked = 0;
		this.list.update(view);
		if (view.bars)
			this.chart.show(view.bars);
		this.tools.tell(view);
		this.show();
		this.showTop(view);
		this.showEmpty(view);
		const filtered = this.filter.active;
		const share = view.scanned < 1 ? ` (${Math.floor(view.scanned * 100)} %)` : "";
		this.filter.showCount(filtered ? `${count(view.matched)} of ${count(view.held)}${share}` : "");
		this.speakNew(view);
	}

	private speakNew(view: View) {
		const fresh = view.received - this.spoken;
		if (Date.now() - this.spokenAt < SPEAK_MS)
			return;
		this.spokenAt = Date.now();
		this.spoken = view.received;
		if (fresh > 0)
			speak(`${count(fresh)} new records` + (view.gaps ? `, ${count(view.lost)} lost so far` : ""));
	}

	private showTop(view: View) {
		const { top } = this.list;
		const what = this.filter.spec.mode === "only" && this.filter.active ? "matches" : "records";
		const text = {
			more: view.trimmed ? `${count(view.trimmed)} older records were let go here. ` : "",
			none: `The beginning: no older ${what} are kept.`,
			loading: "Asking the bridge for what is older\u2026",
			failed: "What is older did not come: " + view.olderWhy + " ",
		}[view.older];
		const shown = [view.older, what, text].join(" ");
		if (top.dataset.shown === shown)
			return;
		top.dataset.shown = shown;
		top.replaceChildren(text);
		if (view.older === "more" || view.older === "failed")
			top.append(h("button", { type: "button",
				onclick: () => this.engine.send({ t: "older" }) }, `Older ${what} from the bridge`));
	}

	private showEmpty(view: View) {
		const text = view.end > view.first || Date.now() - this.opened < 300 ? ""
			: this.filter.active && view.held
				? view.scanned < 1 ? "" : "No record that is held here matches."
				: this.banner.link.state === "live" ? "Nothing has been written yet." : "";
		this.empty.hidden = !text;
		this.empty.textContent = text;
		if (!view.held && Date.now() - this.opened < 300)
			setTimeout(() => { if (this.view === view) this.showEmpty(view); }, 350);
	}

	private show() {
		const { list } = this;
		this.tools.show(list.follow, list.paused, list.fresh);
		this.banner.show(this.banner.link, list.paused);
	}

	private tellPlace() {
		const { list } = this;
		const message = { t: "place" as const, top: list.topPosition(), follow: list.follow,
			paused: list.paused, tail: list.screenful };
		const place = `${list.follow || message.top} ${list.paused} ${message.tail}`;
		if (place !== this.place) {
			this.place = place;
			this.engine.send(message);
		}
		this.tools.show(list.follow, list.paused, list.fresh);
	}

	// The top is reached by scrolling; one question at a time, and no more than
	// a few a second.
	private askOlder() {
		if (this.view?.older !== "more")
			return;
		const now = Date.now();
		const wait = this.oldestAsked + OLDER_MS - now;
		if (wait > 0) {
			clearTimeout(this.askingOlder);
			this.askingOlder = window.setTimeout(() => this.list.draw(), wait);
			return;
		}
		this.oldestAsked = now;
		this.engine.send({ t: "older" });
	}

	private setFilter(spec: FilterSpec) {
		this.panel.close();
		this.engine.send({ t: "filter", spec });
	}

	private find(forward: boolean) {
		const { list } = this;
		const pos = list.selected ?? (forward ? list.topPosition() - 1 : list.end);
		this.engine.send({ t: "find", pos, forward });
	}

	private found(pos: number | null, why: "find" | "time" | "at") {
		if (pos === null) {
			if (why === "at" && this.address?.at) {
				this.list.setFollow(true);
				return toast(`Record ${this.address.at.seq} is not here any more.`);
			}
			return toast(why === "time" ? "There is no record at that time." : "There is no further match.");
		}
		this.list.go(pos);
		this.select(pos, why === "at" || this.panel.open);
	}

	private select(pos: number, open: boolean) {
		this.list.select(pos);
		if (open)
			this.ask("detail");
	}

	private ask(wanted: "detail" | "copy" | "link") {
		const pos = this.list.selected;
		if (pos === null)
			return toast("No record is selected: j and k do, or a click.");
		this.wanted = wanted;
		this.engine.send({ t: "detail", gen: this.list.gen, pos });
	}

	private gotDetail(detail: Detail) {
		if (this.wanted === "copy")
			return void this.copy(plain(detail.text), "The text");
		if (this.wanted === "link")
			return this.copyLink(detail);
		this.panel.show(detail, this.filter.active);
	}

	private closePanel() {
		this.panel.close();
		this.list.box.focus();
	}

	private async copy(text: string, what: string) {
		try {
			await navigator.clipboard.writeText(text);
			toast(what + " is in the clipboard.");
		} catch {
			toast("The browser does not let the page copy here (it needs localhost or HTTPS).");
		}
	}

	private copyLink(detail: Detail) {
		const at = { stream: detail.stream, seq: detail.seq };
		writeHash(this.address!.channel, at);
		void this.copy(permalink(this.address!.channel, at), "The link");
	}

	/** Shows the record among all others. */
	private context(pos: number) {
		this.filter.clear(false);
		const { spec } = this.filter;
		this.engine.send({ t: "locate", gen: this.list.gen, pos, spec });
		this.filter.display();
	}

	private async exported(blob: Blob, name: string, copy: boolean) {
		if (copy)
			return void this.copy(await blob.text(), "What is shown");
		const url = URL.createObjectURL(blob);
		h("a", { href: url, download: name }).click();
		setTimeout(() => URL.revokeObjectURL(url), 60_000);
	}

	private stuck(stuck: boolean) {
		document.querySelector(".stuck")?.remove();
		if (!stuck)
			return;
		byId("banner").after(h("div", { class: "stuck" },
			"The pattern takes very long. ", h("button", { type: "button", onclick: () => {
				document.querySelector(".stuck")?.remove();
				this.engine.replace();
				this.filter.clear();
				this.open({ ...this.address!, at: undefined });
			} }, "Drop it")));
	}

	private step(by: number) {
		const { list } = this;
		const from = list.selected ?? (by > 0 ? list.topPosition() - 1 : list.end);
		const pos = Math.max(list.first, Math.min(list.end - 1, from + by));
		list.focusing = true;
		list.go(pos);
		this.select(pos, this.panel.open);
	}

	private escape() {
		if (document.activeElement === this.filter.text && this.filter.text.value === "")
			return this.list.box.focus();
		if (this.panel.open)
			return this.closePanel();
		if (this.filter.active)
			return this.filter.clear();
		this.list.select(null);
		this.list.box.focus();
	}

	private act(command: Command) {
		const { list } = this;
		switch (command) {
		case "filter": this.filter.text.focus(); this.filter.text.select(); break;
		case "next": this.find(true); break;
		case "previous": this.find(false); break;
		case "top": list.goTop(); break;
		case "end": list.setFollow(true); break;
		case "follow": list.setFollow(list.paused || !list.follow); break;
		case "pause": list.pause(!list.paused); break;
		case "wrap": prefs.wrap = !prefs.wrap; keep(); list.remeasure(); break;
		case "time":
			prefs.time = TIMES[(TIMES.indexOf(prefs.time) + 1) % 3]!;
			keep();
			list.refreshTimes();
			break;
		case "down": this.step(1); break;
		case "up": this.step(-1); break;
		case "open": this.ask("detail"); break;
		case "copy": this.ask("copy"); break;
		case "link": this.ask("link"); break;
		case "context": if (list.selected !== null) this.context(list.selected); break;
		case "mode": this.filter.toggleMode(); break;
		case "theme":
			prefs.theme = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
			keep();
			this.chart.restyle();
			break;
		case "retry": this.engine.send({ t: "retry" }); break;
		case "escape": this.escape(); break;
		case "help": showHelp(); break;
		}
		this.show();
	}
}
