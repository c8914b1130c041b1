// SPDX-License-Identifier: GPL-2.0-only
// One channel: its connection, its records, and what the filter shows of them.

import type { Address, FilterSpec, FromEngine, Link as LinkState } from "../shared/protocol";
import { Filter } from "./filter";
import { ask, older, type Bound } from "./history";
import { Intake, type Hello } from "./intake";
import { Link } from "./link";
import { Services } from "./services";
import { Store } from "./store";
import { View } from "./view";

const TAIL = 5000;
/** So much is shown before the record of a permalink. */
const BEFORE = 200;

export interface Limit {
	records: number;
	bytes: number;
}

export class Channel {
	readonly store = new Store();
	readonly services: Services;
	readonly intake: Intake;
	readonly link: Link;
	view: View;
	trimmed = 0;
	olderState: "more" | "none" | "loading" | "failed" = "more";
	olderWhy = "";
	/** The page's: rows from here on are not to be taken away. */
	top = Infinity;
	/** The lowest entry that has changed since it was asked for. */
	touched = Infinity;
	held = false;
	/** What was put before the first, beyond the limit. */
	private extra = 0;
	private from: string | null;

	constructor(readonly address: Address, readonly limit: Limit, spec: FilterSpec,
		private post: (message: FromEngine) => void, private changed: () => void) {
		this.services = new Services((place, each) => ask(address,
			new URLSearchParams({ from: place }), (line) => line.seq === undefined || each(line)),
		() => this.learned());
		this.intake = new Intake(this.store, this.services, {
			appended: (id) => this.view.appended(id),
			joined: (id) => {
				this.view.joined(id);
				this.touched = Math.min(this.touched, this.view.position(id));
			},
			hello: (hello) => this.hello(hello),
		});
		this.view = new View(this.store, new Filter(spec, this.services));
		this.from = address.at ? address.at.stream + ":" + Math.max(0, address.at.seq - BEFORE)
			: address.from ? address.from.stream + ":" + address.from.seq : null;
		this.link = new Link(address, {
			state: (state) => this.linked(state),
			text: (message) => { this.intake.text(message); this.took(); },
			binary: (bytes) => { this.intake.binary(bytes); this.took(); },
			query: () => this.query(),
			failed: () => this.failed(),
		});
	}

	private query(): string {
		const from = this.intake.from ?? this.from;
		return from ? "from=" + from : "tail=" + TAIL;
	}

	private linked(link: LinkState) {
		this.post({ t: "link", link });
		this.changed();
	}

	private hello(hello: Hello) {
		if (!this.store.length && hello.oldest >= hello.next)
			this.olderState = "none";
	}

	/** Why no connection came about: the handshake's status is hidden from pages. */
	private async failed() {
		const { address } = this;
		const headers: HeadersInit = address.token ? { Authorization: "Bearer " + address.token } : {};
		let answer: Response;
		try {
			answer = await fetch(new URL("api/v1/channels", address.base), { headers });
		} catch {
			return { again: true };
		}
		if (answer.status === 401)
			return { again: false, state: { state: "unauthorized" } as LinkState };
		if (!answer.ok)
			return { again: true, why: "the bridge answers " + answer.status };
		const { channels } = await answer.json() as { channels: { name: string; stream: string }[] };
		const channel = channels.find((c) => c.name === address.channel);
		if (!channel)
			return { again: true, why: "there is no channel " + address.channel + " now" };
		const from = this.intake.from ?? this.from;
		if (from && !from.startsWith(channel.stream + ":"))
			this.startOver(channel.stream);
		return { again: true };
	}

	/** The stream that was followed is gone: the next one, from its beginning. */
	private startOver(stream: string) {
		if (this.intake.stream)
			this.intake.text(JSON.stringify({ ended: { stream: this.intake.stream, last: null } }));
		this.from = this.store.length ? stream + ":0" : null;
		this.changed();
	}

	private took() {
		this.trim();
		this.changed();
	}

	private over(): boolean {
		return this.store.length > this.limit.records + this.extra ||
			this.store.bytes > this.limit.bytes;
	}

	private trim() {
		const { store, view } = this;
		while (this.over()) {
			const to = store.trimTo();
			if (to === store.first)
				return;
			if (this.top < Infinity && view.position(to) > this.top)
				return this.hold();
			view.trimming(store.first, to);
			this.trimmed += store.trim();
			this.olderState = "more";
		}
	}

	/** Nothing more is taken in, so that what is looked at stays. */
	private hold() {
		if (this.held)
			return;
		this.held = true;
		this.link.close();
		this.post({ t: "link", link: { state: "held" } });
	}

	/** The rows from @top on are looked at; Infinity when following. */
	place(top: number) {
		this.top = top;
		if (top < Infinity)
			return;
		this.extra = 0;
		if (this.olderState === "failed")
			this.olderState = "more";
		this.trim();
		if (this.held) {
			this.held = false;
			this.link.open();
		}
	}

	filter(spec: FilterSpec) {
		const was = this.view;
		this.view = new View(this.store, new Filter(spec, this.services));
		if (!was.filter.open || !this.view.filter.open)
			this.olderState = this.olderState === "loading" ? "loading" : "more";
	}

	private learned() {
		const names = this.services.known;
		this.post({ t: "names", comm: [...this.intake.comms], service: names });
		if (this.view.filter.spec.fields.service?.length)
			this.filter(this.view.filter.spec);
		this.changed();
	}

	private bound(): Bound | null {
		const { view } = this;
		const store = view.older?.length ? view.older : this.store;
		if (!store.length)
			return null;
		return { stream: store.stream(store.first), seq: store.seq(store.first),
			timeNs: store.timeNs(store.first) };
	}

	/** Asks the bridge for what comes before. */
	async older() {
		const bound = this.bound();
		const { view, store } = this;
		if (!bound || !view.done || this.olderState === "loading" || this.olderState === "none")
			return;
		if (view.filter.open && this.extra >= this.limit.records / 2) {
			this.olderState = "failed";
			this.olderWhy = "as many are held as fit. A filter looks further back.";
			return this.changed();
		}
		this.olderState = "loading";
		this.changed();
		try {
			const portion = await older(this.address, bound, view.filter,
				(r) => this.services.learn(Number(r.cgroup), r.service ?? ""));
			// what it belongs to may be gone by now
			const now = this.bound();
			if (this.view !== view || now?.seq !== bound.seq || now.stream !== bound.stream) {
				this.olderState = "more";
				return this.changed();
			}
			for (const group of portion.groups.reverse())
				this.prepend(group.stream, group.entries);
			this.olderState = portion.more ? "more" : "none";
		} catch (error) {
			this.olderState = "failed";
			this.olderWhy = String((error as Error).message);
		}
		if (this.view !== view || store.length === 0)
			this.olderState = "more";
		this.changed();
	}

	private prepend(stream: string, entries: Uint8Array[]) {
		const { view, store } = this;
		if (!view.filter.open)
			return view.addOlder(entries, stream);
		const was = store.first;
		store.prepend(entries, stream);
		this.extra += entries.length;
		this.trimmed = Math.max(0, this.trimmed - entries.length);
		view.prepended(store.first, was);
	}
}
