// SPDX-License-Identifier: GPL-2.0-only
// The list: blocks of rows, of which only those near the screen are in the
// document. TanStack Virtual knows how high each block is and which are to be
// shown. Browsers allow no element as high as a million rows, so it has a
// window of them, which moves along.

import { Virtualizer, type VirtualItem } from "@tanstack/virtual-core";
import type { Row, View } from "../shared/protocol";
import { BLOCK, Blocks, type Anchor } from "./blocks";
import { byId, h } from "./dom";
import { prefs } from "./prefs";
import { newRow, rowPosition, showTime } from "./row";

const MOST_PIXELS = 6_000_000;
const TOP = 34;
const MOST_KEPT = 4000;

interface Events {
	need(gen: number, from: number, to: number): void;
	place(): void;
	select(pos: number): void;
	older(): void;
	drawn(): void;
}

export class List {
	readonly box = byId("log");
	readonly top = h("div", { class: "top" });
	private canvas = h("div", { class: "canvas", role: "feed", "aria-label": "Records" });
	private virtual: Virtualizer<HTMLElement, HTMLElement>;
	private reportOffset: (offset: number, scrolling: boolean) => void = () => {};
	private blocks = new Blocks(this.canvas, () => this.box.focus({ preventScroll: true }));
	rows = new Map<number, Row>();
	private asked = "";
	private frame = 0;
	private rowHeight = 21;
	/** Of the box; to ask the document would have it laid out each time. */
	private height = 0;
	private width = 0;
	private lastTop = 0;
	private windowFirst = 0;
	private windowEnd = 0;
	gen = -1;
	first = 0;
	/** What there is, and what is shown of it while paused. */
	realEnd = 0;
	end = 0;
	seenEnd = 0;
	follow = true;
	paused = false;
	selected: number | null = null;
	/** Where to go when it is next painted. */
	private jump: Anchor | null = null;
	/** The selected row is to have the focus, once it is there. */
	focusing = false;
	private owesDrawn = false;

	constructor(private events: Events) {
		this.box.append(this.top, this.canvas);
		this.virtual = new Virtualizer(this.options());
		this.virtual._didMount();
		this.virtual._willUpdate();
		this.box.addEventListener("scroll", () => this.scrolled());
		this.box.addEventListener("wheel", (e) => { if (e.deltaY < 0) this.release(); },
			{ passive: true });
		this.canvas.addEventListener("click", (e) => this.clicked(e));
		new ResizeObserver(() => this.resized()).observe(this.box);
		this.resized();
	}

	private options() {
		const first = this.windowFirst;
		return {
			count: this.windowEnd - first,
			getScrollElement: () => this.box,
			estimateSize: (index: number) => this.rowsIn(first + index) * this.rowHeight,
			getItemKey: (index: number) => first + index,
			scrollMargin: TOP,
			overscan: 1,
			scrollToFn: () => {},
			observeElementRect: (_: unknown, report: (rect: { width: number; height: number }) => void) =>
				report({ width: this.width, height: this.height }),
			observeElementOffset: (_: unknown, report: (offset: number, scrolling: boolean) => void) => {
				this.reportOffset = report;
				report(this.box.scrollTop, false);
			},
		};
	}

	private rowsIn(block: number): number {
		return Math.max(0, Math.min(this.end, (block + 1) * BLOCK) - Math.max(this.first, block * BLOCK));
	}

	get fresh(): number {
		return this.follow && !this.paused ? 0 : Math.max(0, this.realEnd - this.seenEnd);
	}

	update(view: View) {
		if (view.gen !== this.gen)
			this.reset(view.gen);
		this.first = view.first;
		this.realEnd = view.end;
		if (!this.paused || this.end > view.end || this.end <= view.first)
			this.end = view.end;
		for (const row of view.rows)
			this.rows.set(row.pos, row);
		this.owesDrawn = true;
		this.draw();
	}

	private reset(gen: number) {
		this.gen = gen;
		this.rows.clear();
		this.asked = "";
		this.end = this.seenEnd = 0;
		this.windowFirst = this.windowEnd = 0;
		this.selected = null;
		this.virtual.measure();
	}

	gotRows(gen: number, rows: Row[]) {
		if (gen !== this.gen)
			return;
		this.asked = "";
		for (const row of rows)
			this.rows.set(row.pos, row);
		this.draw();
	}

	private resized() {
		this.height = this.box.clientHeight;
		this.width = this.box.clientWidth;
		const probe = newRow();
		probe.className = "row";
		probe.lastElementChild!.textContent = "x";
		this.canvas.append(probe);
		this.rowHeight = probe.offsetHeight || 21;
		probe.remove();
		this.remeasure();
	}

	/** The rows look different from now on. */
	remeasure() {
		const anchor = this.follow ? null : this.blocks.anchor(this.box.scrollTop, this.height);
		// the part of it that was above may be more than all of it will be
		if (anchor)
			this.jump ??= { pos: anchor.pos, y: Math.max(0, anchor.y) };
		this.box.classList.toggle("wrap", prefs.wrap);
		this.virtual.measure();
		this.rows = new Map([...this.rows].map(([pos, row]) => [pos, { ...row }]));
		const { virtual } = this;
		virtual.scrollRect = { width: this.width, height: this.height };
		this.draw();
	}

	draw() {
		this.frame ||= requestAnimationFrame(() => {
			this.frame = 0;
			this.paint();
			if (this.owesDrawn) {
				this.owesDrawn = false;
				this.events.drawn();
			}
		});
	}

	private slideWindow(around: number) {
		const low = Math.floor(this.first / BLOCK);
		const high = Math.ceil(this.end / BLOCK);
		const most = Math.floor(MOST_PIXELS / (BLOCK * this.rowHeight) / (prefs.wrap ? 3 : 1));
		if (this.end <= this.first) {
			this.windowFirst = this.windowEnd = low;
			return;
		}
		if (high - low <= most) {
			this.windowFirst = low;
			this.windowEnd = high;
			return;
		}
		const at = Math.floor(around / BLOCK);
		const margin = most >> 3;
		const inside = at - this.windowFirst > margin && this.windowEnd - at > margin;
		const fits = this.windowFirst >= low && this.windowEnd <= high &&
			this.windowEnd - this.windowFirst === most;
		if (fits && (inside || this.windowFirst === low && at - low <= margin))
			return;
		this.windowFirst = Math.max(low, Math.min(high - most, at - (most >> 1)));
		this.windowEnd = this.windowFirst + most;
	}

	private paint() {
		const anchor = this.follow ? null : this.jump ?? this.blocks.anchor(this.box.scrollTop, this.height);
		this.jump = null;
		this.slideWindow(this.follow ? this.end : anchor?.pos ?? this.first);
		this.virtual.setOptions(this.options());
		this.canvas.style.height = this.virtual.getTotalSize() + "px";
		if (this.follow)
			this.scrollTo(this.virtual.getTotalSize() + TOP - this.height);
		else if (anchor)
			this.nearAnchor(anchor);
		this.fill();
		for (let round = 0; prefs.wrap && round < 3 && this.measure(); round++) {
			this.canvas.style.height = this.virtual.getTotalSize() + "px";
			if (this.follow)
				this.scrollTo(this.virtual.getTotalSize() + TOP - this.height);
			this.fill();
			if (anchor)
				this.toAnchor(anchor);
		}
		if (anchor)
			this.toAnchor(anchor);
		this.fill();
		if (this.focusing && this.selected !== null) {
			this.focusing = false;
			this.blocks.row(this.selected, this.first)?.focus({ preventScroll: true });
		}
		this.lookUp();
	}

	private scrollTo(y: number) {
		if (Math.abs(this.box.scrollTop - y) >= 1)
			this.box.scrollTop = y;
		this.lastTop = this.box.scrollTop;
		this.reportOffset(this.box.scrollTop, false);
	}

	// By what is known of heights; the browser may have moved the list already,
	// since it has become shorter.
	private nearAnchor(anchor: Anchor) {
		const block = Math.floor(anchor.pos / BLOCK);
		const row = this.blocks.row(anchor.pos, this.first);
		const inBlock = row ? row.offsetTop
			: (anchor.pos - Math.max(this.first, block * BLOCK)) * this.rowHeight;
		this.scrollTo(this.startOf(block) + inBlock - anchor.y);
	}

	private startOf(block: number): number {
		const index = Math.max(0, Math.min(this.windowEnd - 1, block) - this.windowFirst);
		this.virtual.getVirtualItems();
		return this.virtual.measurementsCache[index]?.start ?? TOP;
	}

	private toAnchor(anchor: Anchor) {
		const row = this.blocks.row(anchor.pos, this.first);
		if (!row)
			return;
		const y = this.canvas.offsetTop + row.parentElement!.offsetTop + row.offsetTop;
		if (Math.abs(y - this.box.scrollTop - anchor.y) >= 1)
			this.scrollTo(y - anchor.y);
	}

	private fill() {
		const items = this.virtual.getVirtualItems();
		const [from, to] = this.blocks.fill(items, this, TOP);
		this.ask(from, to);
		this.prune(items);
	}

	private ask(from: number, to: number) {
		const want = from + "-" + to;
		if (from >= to || want === this.asked)
			return;
		this.asked = want;
		this.events.need(this.gen, from, to);
	}

	private prune(items: VirtualItem[]) {
		if (this.rows.size < MOST_KEPT || !items.length)
			return;
		const low = (items[0]!.key as number) * BLOCK - 500;
		const high = (items[items.length - 1]!.key as number + 1) * BLOCK + 500;
		for (const pos of this.rows.keys())
			if (pos < low || pos > high)
				this.rows.delete(pos);
	}

	/** True when a block is not as high as was thought. */
	private measure(): boolean {
		let changed = false;
		const items = this.virtual.getVirtualItems();
		for (const item of items) {
			const block = this.blocks.shown.get(item.key as number);
			const height = block?.offsetHeight ?? item.size;
			if (Math.abs(height - item.size) < 0.5)
				continue;
			this.virtual.itemSizeCache.set(item.key, height);
			changed = true;
		}
		if (changed)
			this.virtual.setOptions(this.options());
		return changed;
	}

	private atBottom(): boolean {
		return this.box.scrollHeight - this.box.clientHeight - this.box.scrollTop <= 4;
	}

	private scrolled() {
		this.reportOffset(this.box.scrollTop, false);
		if (this.follow && this.box.scrollTop < this.lastTop - 3 && !this.atBottom())
			this.release();
		else if (!this.follow && this.atBottom() && this.end >= this.realEnd && !this.paused &&
			this.box.scrollTop > this.lastTop)
			return this.setFollow(true);
		this.lastTop = this.box.scrollTop;
		if (!this.follow)
			this.draw();
	}

	/** Tells how far a person has seen, and asks for more at the top. */
	private lookUp() {
		this.events.place();
		if (this.follow) {
			this.seenEnd = this.end;
			return;
		}
		const bottom = this.box.scrollTop + this.box.clientHeight;
		for (const [key, block] of this.blocks.shown)
			if (block.offsetTop + TOP < bottom)
				this.seenEnd = Math.max(this.seenEnd, Math.min(this.end, (key + 1) * BLOCK));
		if (this.box.scrollTop < TOP * 4 && this.first >= this.windowFirst * BLOCK)
			this.events.older();
	}

	/** Position of the first row that is seen. */
	topPosition(): number {
		const first = Math.min(...this.blocks.shown.keys());
		return Number.isFinite(first) ? Math.max(this.first, first * BLOCK) : this.first;
	}

	get screenful(): number {
		return Math.ceil(this.height / this.rowHeight) + 3 * BLOCK;
	}

	release() {
		if (!this.follow || this.box.scrollHeight <= this.box.clientHeight + 4)
			return;
		this.follow = false;
		this.seenEnd = this.end;
		this.events.place();
	}

	setFollow(on: boolean) {
		if (!on)
			return this.release();
		this.follow = true;
		this.paused = false;
		this.end = this.realEnd;
		this.events.place();
		this.draw();
	}

	pause(on: boolean) {
		this.paused = on;
		if (on)
			this.seenEnd = this.end;
		else
			this.end = this.realEnd;
		this.events.place();
		this.draw();
	}

	/** Shows a row, near the middle. */
	go(pos: number, y = this.box.clientHeight / 3) {
		this.follow = false;
		this.seenEnd = Math.max(this.seenEnd, pos);
		const inView = this.blocks.row(pos, this.first);
		const at = inView ? this.canvas.offsetTop + inView.parentElement!.offsetTop +
			inView.offsetTop - this.box.scrollTop : -1;
		if (inView && at >= 0 && at + inView.offsetHeight <= this.box.clientHeight && y)
			y = at;
		this.jump = { pos: Math.max(this.first, Math.min(this.end - 1, pos)), y };
		this.events.place();
		this.draw();
	}

	goTop() {
		this.go(this.first, TOP);
	}

	select(pos: number | null) {
		this.selected = pos;
		this.blocks.select(pos);
	}

	/** For times that pass. */
	refreshTimes() {
		this.blocks.each(showTime);
	}

	private clicked(event: MouseEvent) {
		const row = (event.target as HTMLElement).closest<HTMLElement>(".row");
		// text that was just marked is to be copied
		if (row && !String(getSelection()))
			this.events.select(rowPosition(row));
	}
}
