// SPDX-License-Identifier: GPL-2.0-only
// Names of cgroups. The binary format has a record's cgroup, the JSON formats
// its name, too: one record of each cgroup is asked for once in JSON.

import type { JsonRecord } from "./wire";

const AGAIN_MS = 30_000;

export class Services {
	private names = new Map<number, string>();
	private asked = new Map<number, number>();
	private busy = false;
	private queue: { cgroup: number; place: string }[] = [];

	constructor(
		private ask: (place: string, each: (record: JsonRecord) => boolean) => Promise<void>,
		private learned: () => void,
	) {}

	name(cgroup: number): string {
		return this.names.get(cgroup) ?? "";
	}

	learn(cgroup: number, name: string) {
		this.names.set(cgroup, name);
	}

	get known(): string[] {
		return [...new Set(this.names.values())].filter(Boolean);
	}

	/** A record of @cgroup is at @place ("stream:seq"). */
	seen(cgroup: number, place: string) {
		if (!cgroup || this.names.has(cgroup))
			return;
		const now = Date.now();
		if (now - (this.asked.get(cgroup) ?? -Infinity) < AGAIN_MS)
			return;
		this.asked.set(cgroup, now);
		this.queue.push({ cgroup, place });
		void this.work();
	}

	private async work() {
		if (this.busy)
			return;
		this.busy = true;
		for (let next = this.queue.shift(); next; next = this.queue.shift()) {
			if (this.names.has(next.cgroup))
				continue;
			let left = 50;
			try {
				await this.ask(next.place, (record) => {
					this.learn(Number(record.cgroup), record.service ?? "");
					return --left > 0 && !this.names.has(next!.cgroup);
				});
			} catch {
				// the next record of this cgroup asks again
			}
		}
		this.busy = false;
		this.learned();
	}
}
