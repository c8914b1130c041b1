// SPDX-License-Identifier: GPL-2.0-only
// The entries a filter lets through, at positions: what is on the screen. A
// position stays an entry's while others come before and behind. Without a
// filter the position is the entry's id.

import { Deque } from "./deque";
import type { Filter } from "./filter";
import { Histogram } from "./histogram";
import { Store } from "./store";

export interface Place {
	store: Store;
	id: number;
}

export class View {
	readonly histogram = new Histogram();
	/** Ids below it have not been looked at yet. */
	private scan: number;
	private ids = new Deque();
	/** What the bridge found before all that is held; only with a filter. */
	older: Store | null = null;
	records = 0;

	constructor(readonly store: Store, readonly filter: Filter) {
		this.scan = store.next;
	}

	get first(): number {
		return this.filter.open ? this.store.first : this.ids.first - (this.older?.length ?? 0);
	}

	get end(): number {
		return this.filter.open ? this.store.next : this.ids.end;
	}

	get done(): boolean {
		return this.scan <= this.store.first;
	}

	get scanned(): number {
		const all = this.store.length;
		return this.done || !all ? 1 : (this.store.next - this.scan) / all;
	}

	place(pos: number): Place | null {
		if (pos < this.first || pos >= this.end)
			return null;
		if (this.filter.open)
			return { store: this.store, id: pos };
		if (pos < this.ids.first)
			return { store: this.older!, id: this.older!.next - (this.ids.first - pos) };
		return { store: this.store, id: this.ids.at(pos) };
	}

	/** Position of an entry, or of the next that is let through. */
	position(id: number): number {
		return this.filter.open ? Math.max(this.first, id) : this.ids.search(id);
	}

	private count(store: Store, id: number, by: number) {
		if (store.isMarker(id))
			return;
		this.records += by;
		this.histogram.add(store.time(id), store.level(id), by);
	}

	appended(id: number) {
		if (!this.filter.open) {
			if (!this.filter.matches(this.store, id))
				return;
			this.ids.push(id);
		}
		this.count(this.store, id, 1);
	}

	/** The last entry has become longer. */
	joined(id: number) {
		if (this.filter.open)
			return;
		const was = this.ids.length > 0 && this.ids.at(this.ids.end - 1) === id;
		const is = this.filter.matches(this.store, id);
		if (is && !was)
			this.appended(id);
		if (was && !is) {
			this.ids.pop();
			this.count(this.store, id, -1);
		}
	}

	/** Ids from @from to before @to have been put before all others. */
	prepended(from: number, to: number) {
		// what is not yet seen will be, or is seen by work()
		if (this.scan > to || !this.filter.open)
			return;
		for (let id = from; id < to; id++)
			this.count(this.store, id, 1);
		this.scan = from;
	}

	/** Ids from @from to before @to are about to go. */
	trimming(from: number, to: number) {
		this.dropOlder();
		const low = this.filter.open ? Math.max(from, this.scan) : 0;
		if (this.filter.open) {
			for (let id = low; id < to; id++)
				this.count(this.store, id, -1);
			return;
		}
		for (let pos = this.ids.first; pos < this.ids.end && this.ids.at(pos) < to; pos++)
			this.count(this.store, this.ids.at(pos), -1);
		this.ids.dropBelow(to);
	}

	private dropOlder() {
		const { older } = this;
		this.older = null;
		if (older)
			for (let id = older.first; id < older.next; id++)
				this.count(older, id, -1);
	}

	addOlder(entries: Uint8Array[], stream: string) {
		this.older ??= new Store();
		this.older.prepend(entries, stream);
		for (let i = 0; i < entries.length; i++)
			this.count(this.older, this.older.first + i, 1);
	}

	/** Looks at what it has not yet seen, newest first, until @deadline. */
	work(deadline: number): boolean {
		const { store, filter } = this;
		const first = store.first;
		while (this.scan > first) {
			const low = Math.max(first, this.scan - 64);
			for (let id = this.scan - 1; id >= low; id--) {
				if (filter.open) {
					this.count(store, id, 1);
				} else if (filter.matches(store, id)) {
					this.ids.unshift(id);
					this.count(store, id, 1);
				}
			}
			this.scan = low;
			if (performance.now() >= deadline)
				break;
		}
		return this.done;
	}
}
