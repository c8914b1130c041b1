#!/usr/bin/env node
// SPDX-License-Identifier: GPL-2.0-only
// What the viewer takes: records a second, frames a second meanwhile, and the
// time until something is on the screen.
//
//   tests/bench/viewer.mjs [--json] [--seconds N] URL [WRITER…]
//
// URL is the viewer's, with "#token=…" where it needs one. WRITER is a command
// that writes records into the channel as fast as is to be measured; it is
// started once the page follows and is ended after N seconds (10). Without one
// something else has to write.
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const require = createRequire(new URL("../../build/tests/node/package.json", import.meta.url));
const { chromium } = require("playwright-core");
const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"];
const LOADS = 7;

function usage() {
	console.error(`usage: ${fileURLToPath(import.meta.url)} [--json] [--seconds N] URL [WRITER…]`);
	process.exit(100);
}

const args = process.argv.slice(2);
let seconds = 10;
const asJson = args[0] === "--json" && Boolean(args.shift());
if (args[0] === "--seconds") {
	seconds = Number(args[1]);
	args.splice(0, 2);
}
const [url, ...writer] = args;
if (!url || !(seconds > 0))
	usage();

const quantile = (sorted, q) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))];

async function firstPaint(browser) {
	const times = [];
	for (let i = 0; i < LOADS; i++) {
		const context = await browser.newContext();
		const page = await context.newPage();
		await page.goto(url);
		times.push(await page.evaluate(() => new Promise((done) => {
			new PerformanceObserver((list) => {
				const entry = list.getEntriesByName("first-contentful-paint")[0];
				if (entry)
					done(entry.startTime);
			}).observe({ type: "paint", buffered: true });
		})));
		await context.close();
	}
	return times.sort((a, b) => a - b);
}

async function counts(page) {
	return page.evaluate(() => {
		const { received, lost } = document.getElementById("foot").dataset;
		return { received: Number(received ?? 0), lost: Number(lost ?? 0) };
	});
}

async function follow(browser) {
	const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
	await page.goto(url);
	await page.waitForFunction(() => document.getElementById("state").dataset.state === "live");
	const child = writer.length ? spawn(writer[0], writer.slice(1), { stdio: ["ignore", "ignore", "inherit"] })
		: null;
	child?.on("error", (error) => {
		console.error(`viewer: the writer does not start: ${error.message}`);
		process.exit(111);
	});
	await page.waitForTimeout(2000);
	const before = await counts(page);
	const frames = await page.evaluate((ms) => new Promise((done) => {
		const gaps = [];
		const began = performance.now();
		let last = began;
		const frame = (now) => {
			gaps.push(now - last);
			last = now;
			if (now - began < ms)
				requestAnimationFrame(frame);
			else
				done({ gaps: gaps.slice(1), ms: now - began });
		};
		requestAnimationFrame(frame);
	}), seconds * 1000);
	const after = await counts(page);
	const following = await page.evaluate(() => {
		const log = document.getElementById("log");
		return log.scrollHeight - log.clientHeight - log.scrollTop < 50;
	});
	child?.kill();
	await page.close();
	return { ...frames, following, received: after.received - before.received,
		lost: after.lost - before.lost };
}

function printTable(f) {
	console.log("| viewer | delivered | records/s | frames/s | frame p50 | p99 | longest | first paint p50 | worst |");
	console.log("|---|---|---|---|---|---|---|---|---|");
	console.log(`| ${f.following ? "following" : "NOT FOLLOWING"} | ${f.share.toFixed(1)} % | ` +
		`${Math.round(f.rate)} | ${f.fps.toFixed(1)} | ${f.p50.toFixed(1)} ms | ${f.p99.toFixed(1)} ms | ` +
		`${f.longest.toFixed(1)} ms | ${f.paint.toFixed(0)} ms | ${f.paintWorst.toFixed(0)} ms |`);
}

const browser = await chromium.launch({ executablePath: CHROMIUM, args: ARGUMENTS });
try {
	const paint = await firstPaint(browser);
	const run = await follow(browser);
	const gaps = run.gaps.sort((a, b) => a - b);
	const rate = run.received / run.ms * 1000;
	const share = run.received + run.lost ? run.received / (run.received + run.lost) * 100 : 0;
	const facts = {
		following: run.following, share, rate, fps: gaps.length / run.ms * 1000,
		p50: quantile(gaps, 0.5), p99: quantile(gaps, 0.99), longest: gaps[gaps.length - 1],
		paint: quantile(paint, 0.5), paintWorst: paint[paint.length - 1],
	};
	if (asJson)
		console.log(JSON.stringify(facts));
	else
		printTable(facts);
} finally {
	await browser.close();
}
