// The box: in, listed, out again, deleted.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { noProblems } from "./checks.mjs";

const NAME = "Frachtbrief Größe 100%.bin";
const SIZE = 12_000_000;
const RATE = 6_000_000; // bytes a second: slow enough that the bar is seen moving

let bytes;
let file;

async function slowDown(page, context) {
	const session = await context.newCDPSession(page);
	await session.send("Network.enable");
	await session.send("Network.emulateNetworkConditions", {
		offline: false,
		latency: 0,
		downloadThroughput: -1,
		uploadThroughput: RATE,
	});
}

// Every value that the progress bar has had.
async function followBar(page) {
	await page.evaluate(() => {
		window.bar = [];
		new MutationObserver(() => {
			const bar = document.querySelector("#transfers progress");
			if (bar && window.bar.at(-1) !== bar.value) {
				window.bar.push(bar.value);
			}
		}).observe(document.getElementById("transfers"), { subtree: true, childList: true, attributes: true });
	});
}

const boxRow = (page) => page.locator("#files tr", { hasText: NAME });

async function sendWithProgress(page, server, context) {
	await page.goto("/upload", { waitUntil: "networkidle" });
	await slowDown(page, context);
	await followBar(page);
	await page.setInputFiles("#file", file);
	await page.click("#upload button");
	await page.waitForSelector("#transfers .state.good");
	const values = await page.evaluate(() => window.bar);
	const between = values.filter((value) => value > 0 && value < 1);
	assert.ok(between.length >= 3, `the bar was seen at ${JSON.stringify(values)}`);
	assert.deepEqual(values, [...values].sort((a, b) => a - b), "the bar never goes back");
	assert.equal(values.at(-1), 1);
	await boxRow(page).waitFor();
	assert.match(await boxRow(page).textContent(), /12\.0 MB/);
	assert.ok(fs.readFileSync(server.stored(NAME)).equals(bytes), "the bytes on the disk");
	noProblems(page);
}

async function listed(page, server, context) {
	await page.goto("/uploads/", { waitUntil: "networkidle" });
	const links = await page.evaluate(() => [...document.links].map((link) => decodeURIComponent(link.pathname)));
	assert.ok(links.includes(`/uploads/${NAME}`), `links: ${links.join(" ")}`);
	assert.ok(!links.some((link) => link.includes("/.git")), "hidden files are not listed");
	noProblems(page);
	const answer = await context.request.get("/uploads/", { headers: { Accept: "application/json" } });
	assert.match(answer.headers()["content-type"], /^application\/json/);
	const entry = (await answer.json()).find((candidate) => candidate.name === NAME);
	assert.equal(entry?.type, "file");
	assert.equal(entry?.size, SIZE);
}

async function fetchedBack(page) {
	await page.goto("/upload");
	const [download] = await Promise.all([page.waitForEvent("download"), boxRow(page).locator("a").click()]);
	assert.ok(fs.readFileSync(await download.path()).equals(bytes), "the bytes that came back");
}

async function nameTaken(page) {
	await page.goto("/upload");
	await page.setInputFiles("#file", file);
	await page.click("#upload button");
	const state = page.locator("#transfers .state.bad");
	await state.waitFor();
	assert.match(await state.textContent(), /already in the box/);
}

async function deleted(page, server, context) {
	await page.goto("/upload");
	await boxRow(page).locator("button").click();
	await boxRow(page).waitFor({ state: "detached" });
	assert.match(await page.textContent("#said"), /is deleted/);
	assert.ok(!fs.existsSync(server.stored(NAME)), "the file is gone from the disk");
	const answer = await context.request.get(`/uploads/${encodeURIComponent(NAME)}`);
	assert.equal(answer.status(), 404);
	noProblems(page);
}

async function brokenOff(page, server, context) {
	await page.goto("/upload", { waitUntil: "networkidle" });
	await slowDown(page, context);
	await page.setInputFiles("#file", file);
	await page.click("#upload button");
	await page.waitForFunction(() => document.querySelector("#transfers progress")?.value > 0.2);
	await page.click("#transfers button");
	await page.waitForSelector("#transfers .state.bad");
	await page.waitForTimeout(500);
	const left = fs.readdirSync(path.dirname(server.stored(NAME))).filter((name) => !name.startsWith("."));
	assert.deepEqual(left, []);
}

async function plainForm(page, server, context) {
	await page.goto("/upload");
	await page.setInputFiles("#file", file);
	const [answer] = await Promise.all([
		page.waitForResponse((candidate) => candidate.request().method() === "POST"),
		page.click("#upload button"),
	]);
	assert.equal(answer.status(), 201);
	assert.ok(fs.readFileSync(server.stored(NAME)).equals(bytes), "the bytes on the disk");
	await page.waitForLoadState();
	assert.ok((await page.textContent("body")).includes(NAME), "the page names what was stored");
	noProblems(page);
	const gone = await context.request.delete(`/uploads/${encodeURIComponent(NAME)}`);
	assert.equal(gone.status(), 204);
}

export async function checkUpload(runner) {
	bytes = randomBytes(SIZE);
	const folder = path.join(runner.server.room, "outside");
	fs.mkdirSync(folder);
	file = path.join(folder, NAME);
	fs.writeFileSync(file, bytes);
	await runner.check("an upload moves its progress bar and appears in the box", sendWithProgress);
	await runner.check("the server's own listing has it, as a page and as JSON", listed);
	await runner.check("fetched back, it has the same bytes", fetchedBack);
	await runner.check("a name that is taken is refused, and the page says so", nameTaken);
	await runner.check("deleted, it is gone from page, server and disk", deleted);
	await runner.check("an upload that is broken off leaves nothing behind", brokenOff);
	await runner.check("without JavaScript the plain form stores the file", plainForm, { javaScriptEnabled: false });
}
