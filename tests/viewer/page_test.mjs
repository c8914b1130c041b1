#!/usr/bin/env node
// SPDX-License-Identifier: GPL-2.0-only
// The viewer in a real Chromium, on the bridge (or the development server, see
// target.mjs): what a person sees and does.
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { Dev, make } from "./target.mjs";
import { check, equal, run, skip, test, until } from "./tap.mjs";

const require = createRequire(new URL("../../bridge/web/package.json", import.meta.url));
const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
if (!existsSync(CHROMIUM))
	skip(`there is no ${CHROMIUM} (apt-get install chromium)`);
let chromium;
try {
	({ chromium } = require("playwright-core"));
} catch {
	skip("bridge/web has no node_modules (cd bridge/web && npm ci)");
}

const browser = await chromium.launch({ executablePath: CHROMIUM,
	args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"] });
let target;
const contexts = [];

/** A tab of its own; what it complains about fails the test. */
async function tab(hash, { query = "", ...options } = {}) {
	const context = await browser.newContext({ viewport: { width: 1200, height: 700 },
		permissions: ["clipboard-read", "clipboard-write"], reducedMotion: "reduce", ...options });
	const page = await context.newPage();
	page.complaints = [];
	page.on("pageerror", (error) => page.complaints.push(error.stack));
	page.on("console", (message) => {
		// a connection that is refused is told by the browser, too
		if (message.type() === "error" && !/WebSocket|Failed to load resource/.test(message.text()))
			page.complaints.push(message.text());
	});
	contexts.push(context);
	await page.goto(target.page(hash, query));
	return page;
}

const state = (page) => page.locator("#state").getAttribute("data-state");
const live = (page) => until(async () => await state(page) === "live", "live");
const texts = (page) => page.evaluate(() => [...document.querySelectorAll("#log .block:not([hidden]) .row")]
	.sort((a, b) => a.dataset.pos - b.dataset.pos).map((row) => row.lastElementChild.textContent));
const shows = (page, text) => until(async () => (await texts(page)).includes(text), "a row " + text);
const number = (n) => "record " + String(n).padStart(7, "0");
const numbers = (first, end) => Array.from({ length: end - first }, (_, i) => number(first + i));
const held = (page) => page.evaluate(() => Number(document.getElementById("foot").dataset.held ?? 0));
const fresh = (page) => page.locator(".fresh").textContent();
const top = (page) => page.evaluate(() => {
	const box = document.getElementById("log").getBoundingClientRect();
	const row = [...document.querySelectorAll("#log .row")].filter((r) => r.offsetParent)
		.sort((a, b) => a.dataset.pos - b.dataset.pos)
		.find((r) => r.getBoundingClientRect().bottom > box.top + 1);
	return row?.lastElementChild.textContent;
});

async function filter(page, text) {
	await page.fill("#text", text);
}

/** All that is held, as it is downloaded. */
async function download(page, what) {
	await page.click(".menu summary");
	const [file] = await Promise.all([page.waitForEvent("download"), page.click(`text=${what}`)]);
	const { readFileSync } = await import("node:fs");
	return readFileSync(await file.path(), "utf8");
}

test("shows_history_and_then_what_comes", async () => {
	await target.write("one", "two");
	const page = await tab();
	await shows(page, "two");
	await live(page);
	await target.write("three");
	await shows(page, "three");
	equal(await texts(page), ["one", "two", "three"]);
	// the token does not stay in the address
	check(!page.url().includes("token"), page.url());
});

test("records_are_text_and_never_markup", async () => {
	await target.write("<img src=x onerror=document.title='taken'>", "\u202eright to left\u202c",
		"bell \u0007 and \r back", { base64: Buffer.from([0xff, 0x41, 10]).toString("base64") },
		"\x1b[31mred\x1b[0m \x1b[2J\x1b]0;title\x07", { text: "commanded\n", comm: "<b>\u202ex" });
	const page = await tab();
	await shows(page, "commanded");
	const rows = await texts(page);
	equal(rows.slice(0, 5), ["<img src=x onerror=document.title='taken'>", "U+202Eright to leftU+202C",
		"bell \\x07 and \\r back", "\ufffdA", "red \\x1b[2J\\x1b]0;title\\x07"]);
	equal(await page.locator("#log img, #log b").count(), 0);
	check(await page.title() !== "taken");
	equal(await page.locator(".ansi-red-fg").first().textContent(), "red");
});

test("follow_lets_go_and_comes_back", async () => {
	await target.write(...numbers(0, 300));
	const page = await tab();
	await shows(page, number(299));
	await page.mouse.move(400, 450);
	await page.mouse.wheel(0, -1500);
	await until(async () => /Follow/.test(await fresh(page)), "that it lets go");
	const was = await until(() => top(page), "a row at the top");
	await target.write(...numbers(300, 312));
	await until(async () => /12 new/.test(await fresh(page)), "12 new");
	equal(await top(page), was);
	await page.keyboard.press("f");
	await shows(page, number(311));
	await page.keyboard.press("g");
	await until(async () => await page.evaluate(() => document.getElementById("log").scrollTop) === 0, "the top");
	await page.click(".fresh");
	await shows(page, number(311));
});

test("pause_loses_nothing", async () => {
	await target.write(...numbers(0, 50));
	const page = await tab();
	await shows(page, number(49));
	await page.keyboard.press(" ");
	await target.write(...numbers(50, 500));
	await until(async () => /450 new/.test(await fresh(page)), "450 new");
	check(!(await texts(page)).includes(number(50)));
	await page.keyboard.press(" ");
	await shows(page, number(499));
	equal((await download(page, "Download text")).trim().split("\n"), numbers(0, 500));
});

test("filters_by_text_pattern_level_and_process", async () => {
	await target.write({ text: "disk is full\n", pri: 11, comm: "disk" },
		{ text: "disk is fine\n", pri: 14, comm: "disk" }, { text: "Disk?\n", pri: 12, comm: "other" });
	const page = await tab();
	await shows(page, "Disk?");
	const after = async (want) => until(async () => JSON.stringify(await texts(page)) === JSON.stringify(want),
		JSON.stringify(want));
	await filter(page, "disk");
	await after(["disk is full", "disk is fine"]);
	equal(await page.locator("#log mark").allTextContents(), ["disk", "disk"]);
	await filter(page, "/^disk.*l$|\\?/i");
	await after(["disk is full", "Disk?"]);
	await filter(page, "/(/");
	await until(async () => /regular expression/i.test(await page.locator(".count").textContent()), "why");
	await page.keyboard.press("Escape");
	await after(["disk is full", "disk is fine", "Disk?"]);
	await page.click(".level.b6");
	await after(["disk is full", "Disk?"]);
	await page.click(".level.b4", { modifiers: ["Shift"] });
	await after(["Disk?"]);
	await page.click("text=clear");
	await page.fill("#f-comm", "other");
	await after(["Disk?"]);
	await target.write({ text: "later\n", comm: "other" }, { text: "hidden\n", comm: "disk" });
	await after(["Disk?", "later"]);
});

test("finds_matches_one_after_the_other", async () => {
	await target.write(...numbers(0, 400).map((text, i) => i % 100 === 7 ? text + " needle" : text));
	const page = await tab();
	await shows(page, number(399));
	await page.keyboard.press("/");
	await page.keyboard.type("needle");
	await page.click("#mode");
	await page.click("#log .row >> nth=5");
	await until(() => page.locator("#detail:visible").count(), "details");
	await page.keyboard.press("Escape");
	const selected = async (n) => until(async () =>
		(await page.locator(".row.sel .m").textContent({ timeout: 2000 })) === number(n) + " needle", "match " + n);
	await page.keyboard.press("N");
	await selected(307);
	await page.keyboard.press("N");
	await selected(207);
	await page.keyboard.press("n");
	await selected(307);
});

test("scrolling_up_asks_the_bridge", async () => {
	await target.write(...numbers(0, 9000));
	const page = await tab();
	await shows(page, number(8999));
	equal(await held(page), 5000);
	for (let n = 0; n < 60 && await held(page) < 9000; n++) {
		await page.keyboard.press("g");
		await page.waitForTimeout(120);
	}
	equal(await held(page), 9000);
	await page.keyboard.press("g");
	await shows(page, number(0));
	await until(async () => /The beginning/.test(await page.locator(".top").textContent()), "the beginning");
	equal((await download(page, "Download text")).trim().split("\n"), numbers(0, 9000));
});

test("what_is_no_longer_held_is_searched_by_the_bridge", async () => {
	await target.write("the needle", ...numbers(0, 7000), "another needle");
	const page = await tab();
	await shows(page, "another needle");
	await filter(page, "needle");
	await until(async () => (await texts(page)).length === 1, "one match");
	await page.click(".top button");
	await shows(page, "the needle");
	equal(await texts(page), ["the needle", "another needle"]);
});

test("lets_go_of_the_oldest_and_says_so", async () => {
	const page = await tab(undefined, { query: "?limit=3000" });
	await live(page);
	await target.write(...numbers(0, 12000));
	await shows(page, number(11999));
	const rest = await held(page);
	check(rest <= 3000 + 1024 && rest > 1500, "held " + rest);
	check(/older let go/.test(await page.locator("#foot").textContent()));
	await page.keyboard.press("g");
	await until(async () => await held(page) > rest, "older ones from the bridge");
});

test("what_is_looked_at_stays_when_all_is_full", async () => {
	const page = await tab(undefined, { query: "?limit=3000" });
	await live(page);
	await target.write(...numbers(0, 2500));
	await shows(page, number(2499));
	await page.keyboard.press("g");
	await shows(page, number(0));
	await target.write(...numbers(2500, 9000));
	await until(async () => await state(page) === "held", "that it is full");
	equal(await top(page), number(0));
	await page.keyboard.press("f");
	await shows(page, number(8999));
	await live(page);
	const all = (await download(page, "Download text")).trim().split("\n");
	equal(all, numbers(9000 - all.length, 9000));
});

test("the_chart_goes_to_a_time", async () => {
	await target.write(...numbers(0, 200));
	const page = await tab();
	await shows(page, number(199));
	await page.waitForTimeout(1500);
	await target.write(...numbers(200, 600));
	await shows(page, number(599));
	await page.waitForTimeout(600);
	const box = await page.locator("#chart .u-over").boundingBox();
	// dragged from the far left
	await page.mouse.move(box.x + 2, box.y + 20);
	await page.mouse.down();
	await page.mouse.move(box.x + 60, box.y + 20, { steps: 4 });
	await page.mouse.up();
	await until(async () => (await page.locator(".row.sel .m").allTextContents())[0] === number(0), "the first");
	check(/Follow|new/.test(await fresh(page)));
});

test("filters_by_service", async () => {
	// only a kernel writer has a service; the development server makes some up
	await target.stop();
	target = await new Dev().start();
	await target.write({ text: "of ssh\n", cgroup: "4242" }, { text: "of cron\n", cgroup: "4343" });
	const page = await tab();
	await shows(page, "of cron");
	await page.fill("#f-service", "cron.service");
	await until(async () => (await texts(page)).join() === "of cron", "that of cron");
});

test("a_pattern_that_takes_for_ever_can_be_dropped", async () => {
	await target.write("a".repeat(60) + "!", "other");
	const page = await tab();
	await shows(page, "other");
	await filter(page, "/^(a+)+$/");
	await page.click(".stuck button", { timeout: 20000 });
	await shows(page, "other");
	equal(await page.inputValue("#text"), "");
});

test("comes_back_and_loses_or_doubles_nothing", async () => {
	await target.write(...numbers(0, 100));
	const page = await tab();
	await shows(page, number(99));
	await target.down();
	await until(async () => await state(page) === "waiting", "a banner");
	check(/Next try in \d+ s/.test(await page.locator("#banner").textContent()));
	await target.up();
	await target.write(...numbers(100, 700));
	await page.keyboard.press("r");
	await shows(page, number(699));
	await live(page);
	check(await page.locator("#banner").isHidden());
	equal((await download(page, "Download text")).trim().split("\n"), numbers(0, 700));
});

test("a_gap_is_in_its_place_with_its_bounds", async () => {
	await target.write(...numbers(0, 5));
	const page = await tab();
	await shows(page, number(4));
	await target.down();
	await until(async () => await state(page) === "waiting", "that it is gone");
	// more than the ring keeps
	const long = "x".repeat(900);
	await target.writeDown(...Array.from({ length: 14000 }, (_, i) => `${i} ${long}`));
	await target.up();
	await page.keyboard.press("r");
	await until(async () => await page.evaluate(() => document.getElementById("foot").dataset.lost > 0), "a loss");
	const all = (await download(page, "Download NDJSON")).trim().split("\n").map((line) => JSON.parse(line));
	const losses = all.filter((o) => o.lost);
	equal(losses[0].lost.from, 5);
	equal(losses[0].lost.records, losses[0].lost.to - 4);
	let next = 0;
	for (const object of all) {
		equal(object.lost ? object.lost.from : object.seq, next);
		next = (object.lost ? object.lost.to : object.seq) + 1;
	}
	await filter(page, number(4));
	await until(async () => (await texts(page)).some((text) => /^[\d,]+ lost, 5\u2013\d+/.test(text)), "the marker");
});

test("the_end_of_a_stream_is_told", async () => {
	await target.write("of the old one");
	const page = await tab();
	await shows(page, "of the old one");
	const { stream } = await target.info();
	await target.renew();
	await target.write("of the new one");
	await shows(page, "of the new one");
	const { stream: now } = await target.info();
	check(now !== stream);
	const rows = await texts(page);
	const began = rows.findIndex((text) => text === `stream ${now} began`);
	check(began > 0 && rows[began + 1] === "of the new one", JSON.stringify(rows));
	check(rows.slice(0, began).some((text) => text.startsWith(`stream ${stream} ended`)), JSON.stringify(rows));
});

test("parts_of_a_line_are_one_row", async () => {
	const text = "abcdefgh".repeat(5000);
	const channel = await target.long(text);
	const page = await tab(`channel=${channel}&token=${target.token}`);
	await until(async () => (await texts(page)).some((row) => row.endsWith("joined36,000 more characters")),
		"one row");
	await page.click("#log .row >> nth=-1");
	await until(() => page.locator("#detail:visible").count(), "details");
	equal(await page.locator("#detail .text").textContent(), text);
	check(/seq\d+\u2013\d+ \(3 joined\)/.test(await page.locator("#detail .fields").textContent()));
});

test("details_of_a_record", async () => {
	await target.write({ text: 'told {"status":503,"path":"/x","list":[1,2]}\n', pri: 11, comm: "web" }, "other");
	const page = await tab();
	await shows(page, "other");
	await page.click("#log .row >> nth=0");
	await until(() => page.locator("#detail .json").count(), "JSON");
	check((await page.locator("#detail .json").textContent()).includes('"status": 503,\n'));
	const fields = await page.locator("#detail .fields").textContent();
	for (const part of ["err", "user", "web", "seq0", "stream"])
		check(fields.includes(part), part + " is not in " + fields);
	await page.click("#detail >> text=JSON >> nth=0");
	const copied = JSON.parse(await until(() => page.evaluate(() => navigator.clipboard.readText()), "a copy"));
	equal([copied.seq, copied.pri, copied.comm], [0, 11, "web"]);
	await page.click("#detail .value >> text=web");
	await until(async () => (await texts(page)).length === 1, "only those of web");
	await page.keyboard.press("Escape");
	await shows(page, "other");
});

test("a_permalink_shows_its_record", async () => {
	await target.write(...numbers(0, 8000));
	const { stream } = await target.info();
	const page = await tab(`channel=app&at=${stream}:1234&token=${target.token}`);
	await until(async () => (await page.locator(".row.sel .m").allTextContents())[0] === number(1234), "its row");
	check((await page.locator("#detail").textContent()).includes(number(1234)));
	await target.write("now");
	equal(await page.locator(".row.sel .m").textContent(), number(1234));
	await page.keyboard.press("G");
	await shows(page, "now");
	const gone = await tab(`channel=app&at=${stream.replace(/./g, "f")}:3&token=${target.token}`);
	await until(async () => /not here any more/.test(await gone.locator("body").textContent()), "that it is gone");
	await shows(gone, "now");
});

test("a_token_is_asked_for", async () => {
	await target.write("secret");
	const page = await tab("");
	await page.fill("#token", "wrong");
	await page.click("text=Log in >> nth=-1");
	await until(async () => /does not know/.test(await page.locator(".login").textContent()), "that it is wrong");
	equal(await texts(page), []);
	await page.fill("#token", target.token);
	await page.keyboard.press("Enter");
	await shows(page, "secret");
	await page.reload();
	await shows(page, "secret");
	const bad = await tab("token=nonsense");
	await until(async () => /does not know/.test(await bad.locator(".login").textContent()), "a login");
	check(!bad.url().includes("nonsense"));
});

test("works_without_cookies", async () => {
	await target.write("crumbs");
	const context = await browser.newContext();
	contexts.push(context);
	const page = await context.newPage();
	page.complaints = [];
	await page.route("**/api/v1/session", async (route) => {
		const answer = await route.fetch();
		const headers = { ...answer.headers() };
		delete headers["set-cookie"];
		await context.clearCookies();
		await route.fulfill({ status: answer.status(), headers, body: "" });
		await context.clearCookies();
	});
	await page.goto(target.page());
	await shows(page, "crumbs");
	await target.write("more crumbs");
	await shows(page, "more crumbs");
});

test("logs_out", async () => {
	await target.write("secret");
	const page = await tab();
	await shows(page, "secret");
	await page.keyboard.press("?");
	await page.click("text=Log out");
	await until(() => page.locator(".login").count(), "a login");
	equal(await texts(page), []);
});

test("wraps_and_tells_times_in_three_ways", async () => {
	await target.write("x ".repeat(400).trim(), "short");
	const page = await tab();
	await shows(page, "short");
	const height = () => page.locator("#log .row >> nth=0").evaluate((row) => row.offsetHeight);
	const low = await height();
	await page.keyboard.press("w");
	await until(async () => await height() > low * 3, "wrapped lines");
	const time = () => page.locator("#log .row .t >> nth=1").textContent();
	check(/^\d\d:\d\d:\d\d\.\d{3}$/.test(await time()), await time());
	await page.keyboard.press("t");
	check(/ago|now/.test(await time()), await time());
	await page.keyboard.press("t");
	check(/^[+\u2212].* m?s$/.test(await time()), await time());
});

test("wrapped_lines_do_not_jump", async () => {
	const words = (n) => `${n} ` + "word ".repeat(n * 7919 % 120);
	await target.write(...Array.from({ length: 3000 }, (_, n) => words(n)));
	const page = await tab(undefined, { query: "?limit=2000" });
	await until(async () => (await texts(page)).some((text) => text.startsWith("2999 ")), "the last");
	await page.keyboard.press("w");
	await page.mouse.move(400, 400);
	const first = async () => parseInt(await top(page), 10);
	let last = await first();
	for (const [by, low, high] of [[-200, -12, 0], [200, 0, 12]]) {
		for (let i = 0; i < 30; i++) {
			await page.mouse.wheel(0, by);
			await page.waitForTimeout(40);
			const now = await first();
			check(now - last >= low && now - last <= high, `from ${last} to ${now}`);
			last = now;
		}
	}
	await page.mouse.wheel(0, -2000);
	await page.waitForTimeout(200);
	last = await first();
	await target.write(...Array.from({ length: 1500 }, (_, n) => words(3000 + n)));
	await until(async () => /new/.test(await fresh(page)), "new ones");
	equal(await first(), last);
	await page.keyboard.press("w");
	await page.waitForTimeout(200);
	equal(await first(), last);
});

test("keys_help_and_roles", async () => {
	await target.write("one", "two", "three");
	const page = await tab();
	await shows(page, "three");
	await page.keyboard.press("?");
	await until(() => page.locator("dialog.help[open]").count(), "the help");
	await page.click("dialog.help button.main");
	await until(async () => !await page.locator("dialog.help").count(), "that it closes");
	await page.keyboard.press("k");
	await page.keyboard.press("k");
	equal(await page.locator(".row.sel .m").textContent(), "two");
	await until(() => page.evaluate(() => document.activeElement.matches(".row.sel")), "the focus");
	await page.keyboard.press("Enter");
	await until(() => page.locator("#detail:visible").count(), "details");
	const theme = () => page.evaluate(() => document.documentElement.dataset.theme);
	const was = await theme();
	await page.keyboard.press("d");
	check(await theme() !== was);
	equal(await page.locator("#log").getAttribute("role"), "log");
	equal(await page.locator("#log").getAttribute("aria-live"), "off");
	equal(await page.locator("#spoken").getAttribute("aria-live"), "polite");
	const nameless = await page.evaluate(() => [...document.querySelectorAll("button, input, select")]
		.filter((e) => !(e.textContent.trim() || e.getAttribute("aria-label") || e.title || e.labels?.length))
		.map((e) => e.outerHTML));
	equal(nameless, []);
});

test("fits_a_phone", async () => {
	await target.write("y".repeat(600), "short");
	const page = await tab(undefined, { viewport: { width: 360, height: 640 } });
	await shows(page, "short");
	equal(await page.evaluate(() => document.documentElement.scrollWidth), 360);
	const row = await page.locator("#log .row >> nth=0").evaluate((r) => [r.offsetWidth, r.offsetHeight]);
	check(row[0] <= 360 && row[1] > 100, JSON.stringify(row));
});

const status = await run(async (body) => {
	target = await make().start();
	try {
		await body();
		for (const context of contexts)
			for (const page of context.pages())
				equal(page.complaints ?? [], []);
	} finally {
		for (const context of contexts.splice(0))
			await context.close();
		await target.stop();
	}
});
await browser.close();
process.exit(status);
