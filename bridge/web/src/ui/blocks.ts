// SPDX-License-Identifier: GPL-2.0-only
// The part of the list that is in the document: blocks of rows, used again for
// others when they have gone out of sight.

import type { VirtualItem } from "@tanstack/virtual-core";
import type { Row } from "../shared/protocol";
import { h } from "./dom";
import { newRow, rowPosition, showPending, showRow } from "./row";

export const BLOCK = 16;

/** A row, and how far below the upper edge it is. */
export interface Anchor {
	pos: number;
	y: number;
}

interface What {
	first: number;
	end: number;
	rows: Map<number, Row>;
	selected: number | null;
}

export class Blocks {
	/** By number: position / BLOCK. */
	readonly shown = new Map<number, HTMLElement>();
	private spare: HTMLElement[] = [];

	constructor(private canvas: HTMLElement, private focusLost: () => void) {}

	/**
	 * Has the blocks of @items in the document, in the order of the records for
	 * those who read or copy what is there. Gives the first row that is not
	 * known and the end of those.
	 */
	fill(items: VirtualItem[], what: What, top: number): [from: number, to: number] {
		const wanted = new Set(items.map((item) => item.key as number));
		for (const [key, block] of this.shown) {
			if (wanted.has(key))
				continue;
			this.shown.delete(key);
			this.spare.push(block);
			if (block.contains(document.activeElement))
				this.focusLost();
		}
		const missing = [Infinity, -Infinity] as [number, number];
		let before: HTMLElement | null = null;
		for (const item of items) {
			const block = this.fillBlock(item, what, missing, top);
			if (block.previousElementSibling !== before)
				this.canvas.insertBefore(block, before ? before.nextSibling : this.canvas.firstChild);
			before = block;
		}
		for (const block of this.spare.splice(8))
			block.remove();
		for (const block of this.spare)
			block.hidden = true;
		return [missing[0], missing[1] + 1];
	}

	private fillBlock(item: VirtualItem, what: What, missing: [number, number], top: number): HTMLElement {
		const key = item.key as number;
		let block = this.shown.get(key);
		if (!block) {
			block = this.spare.shift() ?? this.canvas.appendChild(h("div", { class: "block" }));
			block.hidden = false;
			this.shown.set(key, block);
		}
		const y = item.start - top + "px";
		if (block.style.top !== y)
			block.style.top = y;
		const from = Math.max(what.first, key * BLOCK);
		const to = Math.min(what.end, (key + 1) * BLOCK);
		while (block.children.length > Math.max(0, to - from))
			block.lastChild!.remove();
		while (block.children.length < to - from)
			block.append(newRow());
		for (let pos = from; pos < to; pos++) {
			const element = block.children[pos - from] as HTMLElement;
			const row = what.rows.get(pos);
			if (row) {
				showRow(element, row, pos === what.selected);
				continue;
			}
			showPending(element, pos);
			missing[0] = Math.min(missing[0], pos);
			missing[1] = Math.max(missing[1], pos);
		}
		return block;
	}

	/** The first row that is seen below @edge, of a screen of @height. */
	anchor(edge: number, height: number): Anchor | null {
		let best: Anchor | null = null;
		for (const block of this.shown.values()) {
			const y = block.offsetTop + this.canvas.offsetTop;
			if (y > edge + height || y + block.offsetHeight <= edge)
				continue;
			for (const child of block.children) {
				const row = child as HTMLElement;
				const top = y + row.offsetTop;
				if (top + row.offsetHeight > edge && (!best || top - edge < best.y)) {
					best = { pos: rowPosition(row), y: top - edge };
					break;
				}
			}
		}
		return best;
	}

	row(pos: number, first: number): HTMLElement | null {
		const block = this.shown.get(Math.floor(pos / BLOCK));
		const start = Math.max(first, Math.floor(pos / BLOCK) * BLOCK);
		const row = block?.children[pos - start] as HTMLElement | undefined;
		return row && rowPosition(row) === pos ? row : null;
	}

	each(act: (row: HTMLElement) => void) {
		for (const block of this.shown.values())
			for (const row of block.children)
				act(row as HTMLElement);
	}

	select(pos: number | null) {
		this.each((row) => row.classList.toggle("sel", rowPosition(row) === pos));
	}
}
