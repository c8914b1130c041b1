// SPDX-License-Identifier: GPL-2.0-only
// Runs tests one after the other, and prints TAP.

const tests = [];

export function test(name, body) {
	tests.push([name, body]);
}

export function skip(why) {
	console.log(`1..0 # SKIP ${why}`);
	process.exit(4);
}

export function check(what, text = "not so") {
	if (!what)
		throw new Error(text);
}

export function equal(got, want) {
	const [a, b] = [JSON.stringify(got), JSON.stringify(want)];
	if (a !== b)
		throw new Error(`got ${a?.slice(0, 400)}, expected ${b?.slice(0, 400)}`);
}

/** Waits until @probe gives something true, and gives it back. */
export async function until(probe, what, ms = 15000) {
	const end = Date.now() + ms;
	for (;;) {
		const got = await probe();
		if (got)
			return got;
		if (Date.now() > end)
			throw new Error("it never came: " + what);
		await new Promise((done) => setTimeout(done, 40));
	}
}

/** @arranged gets each test and runs it; gives the exit status. */
export async function run(arranged = (body) => body()) {
	const wanted = process.argv.slice(2);
	const chosen = tests.filter(([name]) => !wanted.length || wanted.includes(name));
	let bad = 0;
	console.log(`TAP version 13\n1..${chosen.length}`);
	for (const [number, [name, body]] of chosen.entries()) {
		const began = Date.now();
		try {
			await arranged(body);
			console.log(`ok ${number + 1} ${name} # ${Date.now() - began} ms`);
		} catch (error) {
			bad++;
			console.log(String(error.stack).replace(/^/gm, "# "));
			console.log(`not ok ${number + 1} ${name}`);
		}
	}
	return bad ? 1 : 0;
}
