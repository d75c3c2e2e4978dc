// CGI programs, the film, and the page of requests.

import assert from "node:assert/strict";
import { noProblems } from "./checks.mjs";

async function environment(page) {
	await page.goto("/programs");
	await page.click("text=In compiled C");
	await page.waitForSelector("h1:has-text('What it was told')");
	const rows = await page.$$eval("tr", (list) => list.map((row) => [...row.cells].map((cell) => cell.textContent)));
	const told = Object.fromEntries(rows);
	assert.equal(told.REQUEST_METHOD, "GET");
	assert.equal(told.SCRIPT_NAME, "/cgi-bin/environ.cgi");
	assert.equal(told.PATH_INFO, "/some/path");
	assert.equal(told.QUERY_STRING, "colour=amber");
	assert.equal(told.GATEWAY_INTERFACE, "CGI/1.1");
	assert.equal(told.SITE_NAME, "the webserv demonstration");
	assert.match(told["working directory"], /\/cgi-bin$/);
	noProblems(page);
}

async function shell(page) {
	const script = await page.goto("/cgi-bin/env.sh?tide=high");
	assert.match(await script.text(), /^QUERY_STRING=tide=high$/m);
	const whole = await page.goto("/anything/you/like?really=yes");
	const text = await whole.text();
	assert.match(text, /^PATH_INFO=\/you\/like$/m);
	assert.match(text, /^QUERY_STRING=really=yes$/m);
	noProblems(page);
}

const SHIP = `Ö "Sturm" & <script>alert(1)</script>`;

async function form(page) {
	for (const [button, method] of [["Send by POST", "POST"], ["Send by GET", "GET"]]) {
		await page.goto("/programs");
		await page.fill("#name", SHIP);
		await page.check('input[value="south"]');
		await page.click(`text=${button}`);
		await page.waitForSelector("#echo");
		const rows = await page.$$eval("#echo tr", (list) => list.map((row) => [...row.cells].map((cell) => cell.textContent)));
		const back = Object.fromEntries(rows);
		assert.equal(back.ship, SHIP);
		assert.equal(back.berth, "south");
		assert.match(back.message, /<b>bread<\/b>/);
		assert.match(await page.textContent(".lead"), new RegExp(`3 fields by ${method}`));
	}
	noProblems(page);
}

async function counter(page, server, context) {
	const count = async () => {
		await page.goto("/cgi-bin/counter.py");
		return page.textContent("#count");
	};
	assert.deepEqual([await count(), await count(), await count()], ["1", "2", "3"]);
	const [cookie] = await context.cookies();
	assert.match(cookie.value, /^[0-9a-f]{32}$/);
	assert.equal(cookie.httpOnly, true);
	await page.click("text=Forget me");
	await page.waitForURL("**/programs");
	assert.equal(await count(), "1");
	noProblems(page);
}

async function streamed(page) {
	await page.goto("/programs");
	await page.click("#watch");
	await page.waitForFunction(() => document.querySelectorAll("#stream li").length === 10);
	const times = await page.$$eval("#stream time", (list) => list.map((time) => parseFloat(time.textContent)));
	const steps = times.slice(1).map((time, i) => time - times[i]);
	assert.ok(times[0] < 1.5, `the first line came after ${times[0]} s`);
	assert.ok(steps.filter((step) => step > 0.15).length >= 7, `lines came at ${times.join(", ")} s`);
	noProblems(page);
}

async function streamedPage(page) {
	await page.goto("/cgi-bin/slow.sh", { waitUntil: "commit" });
	await page.waitForSelector(".stream li");
	const early = await page.locator(".stream li").count();
	assert.ok(early < 8, `${early} lines were there at once`);
	await page.waitForSelector("text=That was all.");
	assert.equal(await page.locator(".stream li").count(), 10);
	noProblems(page);
}

async function detour(page) {
	const answer = await page.goto("/cgi-bin/detour.sh");
	assert.equal(answer.status(), 200);
	assert.equal(answer.request().redirectedFrom(), null);
	assert.match(await answer.text(), /Lamp lit/);
	noProblems(page);
}

async function film(page) {
	const starts = [];
	page.on("response", (answer) => {
		const found = /^bytes (\d+)-/.exec(answer.headers()["content-range"] ?? "");
		if (answer.status() === 206 && found) {
			starts.push(Number(found[1]));
		}
	});
	await page.goto("/film");
	await page.waitForFunction(() => document.getElementById("film").readyState >= 1);
	await page.waitForTimeout(1000);
	await page.click("text=Morning");
	await page.waitForFunction(() => document.getElementById("now").textContent === "At second 56.");
	await page.waitForFunction(() => document.getElementById("film").readyState >= 2);
	assert.ok(starts.some((start) => start > 0), `206 answers began at ${starts.join(", ") || "none"}`);
	await page.evaluate(() => document.getElementById("film").play());
	await page.waitForFunction(() => document.getElementById("film").currentTime > 56.5);
	await page.click("#piece");
	await page.waitForSelector("#bytes:has-text('bytes 0-63/')");
	assert.match(await page.textContent("#bytes"), /^206 [^]*\n0000 {2}1a 45 df a3/);
	noProblems(page);
}

const requests = [
	["GET a text", /^GET .*\n\n200 OK[^]*has no index\.html/],
	["HEAD: the fields alone", /^HEAD .*\n\n200 OK[^]*content-length: \d{3}/],
	["A condition that holds", /^GET .*\nIf-None-Match: ".*"\n\n304 Not Modified/],
	["Sixteen bytes of it", /\n\n206 [^]*content-range: bytes 0-15\/\d+[^]*\n\nThis directory h$/],
	["Bytes that are not there", /\n\n416 [^]*content-range: bytes \*\/0/],
	["A listing as JSON", /\n\n200 OK[^]*content-type: application\/json[^]*\n\n\[/],
	["What may I do?", /\n\n20[04] [^]*allow: .*DELETE/],
	["PUT a file in the box", /\n\n201 Created[^]*location: \/uploads\/bottle\.txt/],
	["… and delete it", /\n\n204 No Content/],
	["A method not allowed", /\n\n405 [^]*allow: .*GET/],
	["Too large a body", /\n\n413 /],
	["A missing page, as JSON", /\n\n404 Not Found/],
	["A redirect, followed", /redirected to \/redirected\n\n200 OK/],
];

async function requestsPage(page) {
	await page.goto("/requests");
	for (const [title, expected] of requests) {
		await page.click(`#tries button:has-text("${title}")`);
		const place = page.locator("#exchange");
		for (let tries = 0; tries < 50 && !expected.test(await place.textContent()); tries++) {
			await page.waitForTimeout(100);
		}
		assert.match(await place.textContent(), expected, title);
	}
}

export async function checkPrograms(runner) {
	await runner.check("a compiled program is told everything about its request", environment);
	await runner.check("a script is, too, and one program can be a whole location", shell);
	await runner.check("a form comes back as it was filled in, by POST and by GET", form);
	await runner.check("the counter counts three page loads, and forgets", counter);
	await runner.check("the slow answer arrives line by line in a script", streamed);
	await runner.check("and in a page that is still loading", streamedPage);
	await runner.check("a program's detour costs no second request", detour);
	await runner.check("the film seeks by ranges: 206 from the middle", film);
	await runner.check("every request of the requests page gets the answer it should", requestsPage);
}
