// SPDX-License-Identifier: GPL-2.0-only
// How many records of each level there are in each span of time. The spans grow
// when there would be too many.

import type { Bars } from "../shared/protocol";

const MOST = 4096;
/** Of a span, in ms. Each is some of the one before, so that spans can be put together. */
const STEPS = [100, 500, 1000, 5000, 10_000, 30_000, 60_000, 300_000, 600_000, 1_800_000, 3_600_000,
	21_600_000, 86_400_000, 7 * 86_400_000, 28 * 86_400_000];
/** Of a bar. */
const BARS = [100, 500, 1000, 2000, 5000, 10_000, 20_000, 30_000, 60_000, 120_000, 300_000, 600_000,
	1_200_000, 1_800_000, 3_600_000, 7_200_000, 10_800_000, 21_600_000, 43_200_000, 86_400_000,
	2 * 86_400_000, 7 * 86_400_000, 28 * 86_400_000];

export class Histogram {
	private grade = 0;
	private spans = new Map<number, Uint32Array>();
	changed = true;

	/** @count may be negative. */
	add(ms: number, level: number, count = 1) {
		const key = Math.floor(ms / STEPS[this.grade]!);
		let span = this.spans.get(key);
		this.changed = true;
		if (!span) {
			if (count < 0)
				return;
			this.spans.set(key, span = new Uint32Array(9));
			if (this.spans.size > MOST)
				this.coarsen();
			span = this.spans.get(Math.floor(ms / STEPS[this.grade]!))!;
		}
		span[level]! += count;
		span[8]! += count;
		if (!span[8])
			this.spans.delete(key);
	}

	private coarsen() {
		while (this.spans.size > MOST / 2 && this.grade < STEPS.length - 1) {
			const old = STEPS[this.grade++]!;
			this.spans = merge(this.spans, STEPS[this.grade]! / old);
		}
	}

	/** At most @most bars over all of it. */
	bars(most: number): Bars | undefined {
		if (!this.spans.size)
			return undefined;
		let low = Infinity;
		let high = -Infinity;
		for (const key of this.spans.keys()) {
			low = Math.min(low, key);
			high = Math.max(high, key);
		}
		const fine = STEPS[this.grade]!;
		low *= fine;
		high = (high + 1) * fine;
		const step = BARS.find((s) => s >= fine && s % fine === 0 && (high - low) / s <= most - 1) ??
			Math.ceil((high - low) / (most - 1) / fine) * fine;
		const start = Math.floor(low / step) * step;
		const count = Math.min(most, Math.floor((high - fine / 2 - start) / step) + 1);
		const counts = Array.from({ length: 8 }, () => new Uint32Array(count));
		for (const [key, span] of this.spans) {
			const bar = Math.floor((key * fine + fine / 2 - start) / step);
			for (let level = 0; level < 8; level++)
				counts[level]![bar]! += span[level]!;
		}
		return { step: step / 1000, start: start / 1000, counts };
	}
}

function merge(spans: Map<number, Uint32Array>, by: number) {
	const out = new Map<number, Uint32Array>();
	for (const [key, span] of spans) {
		const wide = Math.floor(key / by);
		const sum = out.get(wide);
		if (sum)
			span.forEach((n, i) => { sum[i]! += n; });
		else
			out.set(wide, span);
	}
	return out;
}
