// SPDX-License-Identifier: GPL-2.0-only
// How many records of each level came when; a span that is dragged over, or a
// bar that is clicked, is where the list goes.

import uPlot from "uplot";
import { LEVELS } from "../shared/levels";
import type { Bars } from "../shared/protocol";
import { byId, count, h } from "./dom";
import { clock } from "./time";

const HEIGHT = 74;
/** A chart is never narrower, in bars. */
const FEWEST = 40;

export class Chart {
	private box = byId("chart");
	private label = h("div", { class: "readout" });
	private plot: uPlot | null = null;
	private bars: Bars | null = null;

	constructor(private jump: (seconds: number) => void) {
		new ResizeObserver(() => this.plot?.setSize(this.size())).observe(this.box);
	}

	private size() {
		return { width: Math.max(200, this.box.clientWidth), height: HEIGHT };
	}

	/** Draws it anew, in the colours of now. */
	restyle() {
		this.plot?.destroy();
		this.plot = null;
		if (this.bars)
			this.show(this.bars);
	}

	show(bars: Bars) {
		this.bars = bars;
		if (this.box.hidden)
			return;
		const data = stack(bars);
		const range = { min: bars.start - bars.step * 0.1,
			max: bars.start + bars.step * Math.max(FEWEST, bars.counts[0]?.length ?? 0) };
		if (!this.plot)
			this.plot = this.make(data);
		this.plot.batch(() => {
			this.plot!.setData(data, false);
			this.plot!.setScale("x", range);
		});
	}

	private make(data: uPlot.AlignedData): uPlot {
		const style = getComputedStyle(document.documentElement);
		const color = (name: string) => style.getPropertyValue(name).trim();
		const axis = { stroke: color("--dim"), font: "11px system-ui", ticks: { show: false },
			grid: { show: false } };
		const bars = uPlot.paths.bars!({ size: [0.86, 60], align: 1 });
		const plot = new uPlot({
			...this.size(),
			legend: { show: false },
			padding: [6, 8, 0, 0],
			cursor: { y: false, points: { show: false }, drag: { x: true, y: false, setScale: false } },
			scales: { x: { time: true, auto: false }, y: { range: (_, _min, max) => [0, Math.max(1, max)] } },
			axes: [
				{ ...axis, size: 20, gap: 2, space: 90, values: (_, ticks, _i, _s, step) =>
					ticks.map((s) => tickText(s, step)) },
				{ ...axis, size: 46, gap: 4, space: 24, grid: { stroke: color("--line"), width: 1 },
					values: (_, ticks) => ticks.map((n) => Number.isInteger(n) ? short(n) : "") },
			],
			series: [{}, ...LEVELS.map((_, i) => 7 - i).map((level) => ({
				fill: color("--l" + level), width: 0, paths: bars, points: { show: false },
			}))],
			hooks: {
				setCursor: [(u) => this.read(u.cursor.idx ?? null)],
				setSelect: [(u) => this.selected(u)],
			},
		}, data, this.box);
		this.box.append(this.label);
		plot.over.addEventListener("click", (event) => {
			if (plot.select.width < 3)
				this.jump(plot.posToVal(event.offsetX, "x"));
		});
		return plot;
	}

	private selected(plot: uPlot) {
		if (plot.select.width >= 3)
			this.jump(plot.posToVal(plot.select.left, "x"));
	}

	private read(bar: number | null) {
		const { bars } = this;
		if (bar === null || !bars || this.plot!.cursor.left! < 0) {
			this.label.textContent = "";
			return;
		}
		const each = LEVELS.map((name, level) => [name, bars.counts[level]?.[bar] ?? 0] as const)
			.filter(([, n]) => n).map(([name, n]) => `${name} ${count(n)}`);
		this.label.textContent = [clock((bars.start + bar * bars.step) * 1000).replace(/\.\d+$/, ""),
			...each].join(" \u00b7 ");
	}
}

function tickText(seconds: number, step: number): string {
	const text = clock(seconds * 1000);
	return step >= 86400 ? text.split(" ")[0]! : step >= 60 ? text.replace(/:\d+\.\d+$/, "")
		: step >= 1 ? text.replace(/\.\d+$/, "") : text;
}

function short(n: number): string {
	return n >= 1e6 ? n / 1e6 + "M" : n >= 1e3 ? n / 1e3 + "k" : String(n);
}

/** The worst level lowest: each series is all up to its level, drawn the highest first. */
function stack(bars: Bars): uPlot.AlignedData {
	const length = bars.counts[0]?.length ?? 0;
	const x = Array.from({ length }, (_, i) => bars.start + i * bars.step);
	const sums: number[][] = [];
	let below = new Array<number>(length).fill(0);
	for (let level = 0; level < 8; level++) {
		below = below.map((n, i) => n + (bars.counts[level]?.[i] ?? 0));
		sums.push(below);
	}
	return [x, ...sums.reverse()];
}
