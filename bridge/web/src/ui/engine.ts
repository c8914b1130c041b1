// SPDX-License-Identifier: GPL-2.0-only
// The page's end of the Worker. A pattern can keep a Worker busy for ever: one
// that no longer answers can be replaced.

import type { FromEngine, ToEngine } from "../shared/protocol";

const ASK_MS = 2000;
const PATIENCE_MS = 6000;

export class Engine {
	private worker!: Worker;
	private answered = 0;
	private asked = 0;
	private stuck = false;

	constructor(private got: (message: FromEngine) => void, private isStuck: (stuck: boolean) => void) {
		this.start();
		setInterval(() => this.watch(), ASK_MS);
	}

	private start() {
		this.worker = new Worker(new URL("../engine/engine.ts", import.meta.url), { type: "module" });
		this.answered = this.asked = 0;
		this.worker.onmessage = ({ data }: MessageEvent<FromEngine>) => {
			if (data.t === "alive")
				this.answered = data.id;
			else
				this.got(data);
		};
	}

	private watch() {
		const stuck = (this.asked - this.answered) * ASK_MS > PATIENCE_MS;
		if (stuck !== this.stuck)
			this.isStuck(this.stuck = stuck);
		this.send({ t: "alive", id: ++this.asked });
	}

	send(message: ToEngine) {
		this.worker.postMessage(message);
	}

	/** What it held is gone; the caller asks the bridge again. */
	replace() {
		this.worker.terminate();
		this.start();
		this.stuck = false;
	}
}
