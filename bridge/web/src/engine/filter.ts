// SPDX-License-Identifier: GPL-2.0-only
// What the bridge's level, grep and field do, done here.

import { ALL_LEVELS, FACILITIES, levelsParameter } from "../shared/levels";
import type { FilterSpec } from "../shared/protocol";
import type { Services } from "./services";
import type { Store } from "./store";

type Test = (store: Store, id: number) => boolean;

const MOST_HITS = 200;

/** What a person typed as a pattern; null for a literal. */
export function patternOf(text: string): RegExp | null {
	const parts = /^\/(.+)\/(i?)$/s.exec(text);
	if (!parts)
		return null;
	const flags = "g" + parts[2];
	try {
		return new RegExp(parts[1]!, flags + "u");
	} catch {
		// without "u" more is allowed, such as a needless backslash
		return new RegExp(parts[1]!, flags);
	}
}

export class Filter {
	readonly spec: FilterSpec;
	/** Nothing is hidden. */
	readonly open: boolean;
	private readonly pattern: RegExp | null;
	private readonly tests: Test[] = [];

	/** Throws when the pattern is no regular expression. */
	constructor(spec: FilterSpec, services: Services) {
		this.spec = spec;
		this.pattern = patternOf(spec.text);
		if ((spec.levels & ALL_LEVELS) !== ALL_LEVELS)
			this.tests.push((store, id) => (spec.levels >> store.level(id) & 1) === 1);
		for (const [name, values] of Object.entries(spec.fields))
			if (values.length)
				this.tests.push(fieldTest(name, new Set(values), services));
		if (spec.mode === "only" && spec.text)
			this.tests.push((store, id) => this.has(store.text(id)));
		this.open = !this.tests.length;
	}

	/** Markers are never hidden. */
	matches(store: Store, id: number): boolean {
		if (store.isMarker(id))
			return true;
		for (const test of this.tests)
			if (!test(store, id))
				return false;
		return true;
	}

	has(text: string): boolean {
		if (!this.pattern)
			return text.includes(this.spec.text);
		this.pattern.lastIndex = 0;
		return this.pattern.test(text);
	}

	/** Start and end of each match in @text. */
	hits(text: string): number[] {
		const out: number[] = [];
		const { pattern, spec } = this;
		if (!spec.text)
			return out;
		if (!pattern) {
			for (let at = text.indexOf(spec.text); at >= 0 && out.length < MOST_HITS;
				at = text.indexOf(spec.text, at + spec.text.length))
				out.push(at, at + spec.text.length);
			return out;
		}
		for (const match of text.matchAll(pattern)) {
			if (match[0])
				out.push(match.index!, match.index! + match[0].length);
			if (out.length >= MOST_HITS)
				break;
		}
		return out;
	}

	/** The same for the bridge. */
	query(): URLSearchParams {
		const query = new URLSearchParams();
		if ((this.spec.levels & ALL_LEVELS) !== ALL_LEVELS)
			query.set("level", levelsParameter(this.spec.levels));
		if (this.spec.mode === "only" && this.spec.text)
			query.set("grep", this.spec.text);
		for (const [name, values] of Object.entries(this.spec.fields))
			for (const value of values)
				query.append("field", name + "=" + value);
		return query;
	}
}

function fieldTest(name: string, values: Set<string>, services: Services): Test {
	switch (name) {
	case "comm": return (store, id) => values.has(store.comm(id));
	case "pid": return (store, id) => values.has(String(store.pid(id)));
	case "uid": return (store, id) => values.has(String(store.uid(id)));
	case "type": return (store, id) => values.has(String(store.type(id)));
	case "service": return (store, id) => values.has(services.name(store.cgroup(id)));
	case "facility": return (store, id) => {
		const facility = store.pri(id) >> 3;
		return values.has(String(facility)) || values.has(FACILITIES[facility] ?? "");
	};
	default: throw new Error("there is no field " + name);
	}
}
