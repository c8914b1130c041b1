// SPDX-License-Identifier: GPL-2.0-only
// Numbers at positions that stay theirs while others are put before the first
// and behind the last: 8 bytes each.

export class Deque {
	first = 0;
	end = 0;
	private room = new Float64Array(1024);
	/** Position of room[0]. */
	private base = -512;

	get length(): number {
		return this.end - this.first;
	}

	at(pos: number): number {
		return this.room[pos - this.base]!;
	}

	push(value: number) {
		if (this.end - this.base >= this.room.length)
			this.resize();
		this.room[this.end++ - this.base] = value;
	}

	unshift(value: number) {
		if (this.first <= this.base)
			this.resize();
		this.room[--this.first - this.base] = value;
	}

	pop() {
		if (this.end > this.first)
			this.end--;
	}

	/** Lets go of all below @value; the values ascend. */
	dropBelow(value: number): number {
		const was = this.first;
		this.first = this.search(value);
		return this.first - was;
	}

	/** Position of the first that is not below @value. */
	search(value: number): number {
		let low = this.first;
		let high = this.end;
		while (low < high) {
			const middle = low + Math.floor((high - low) / 2);
			if (this.at(middle) < value)
				low = middle + 1;
			else
				high = middle;
		}
		return low;
	}

	private resize() {
		const room = new Float64Array(Math.max(1024, this.length * 3));
		const base = this.first - Math.floor((room.length - this.length) / 2);
		room.set(this.room.subarray(this.first - this.base, this.end - this.base),
			this.first - base);
		this.room = room;
		this.base = base;
	}
}
