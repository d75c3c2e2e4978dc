// Pages, links, redirects, names and ports.

import assert from "node:assert/strict";
import { noProblems } from "./checks.mjs";

const manual =
	" tutorial language directives variables explain cgi uploads proxy security reload tuning metrics command nginx".split(" ");
const pages = [
	...["/", "/files/", "/upload", "/programs", "/film", "/requests", "/redirected"],
	...manual.map((name) => `/manual/${name}`),
];
const MOST_LINKS = 300; // a site that never ends is a mistake, too

async function firstPage(page) {
	const answer = await page.goto("/", { waitUntil: "networkidle" });
	assert.equal(answer.status(), 200);
	const head = await page.textContent("#head");
	assert.match(head, /^HTTP\/1\.1 200 OK/);
	assert.match(head, /ETag: "/);
	noProblems(page);
}

async function everyPage(page) {
	for (const path of pages) {
		const answer = await page.goto(path, { waitUntil: "networkidle" });
		assert.equal(answer.status(), 200, path);
		noProblems(page);
	}
}

async function fitsPhone(page) {
	for (const path of pages) {
		await page.goto(path);
		const tooWide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
		assert.ok(tooWide <= 0, `${path} is ${tooWide} pixels too wide`);
	}
}

// Follows the links of every page from the first one on, the listings and the programs' pages included.
async function everyLink(page, server, context) {
	const queue = [`${server.site}/`];
	const from = new Map([[queue[0], "the start"]]);
	const add = (url, parent) => {
		if (!from.has(url)) {
			from.set(url, parent);
			queue.push(url);
		}
	};
	const broken = [];
	for (let url = queue.shift(); url !== undefined; url = queue.shift()) {
		assert.ok(from.size <= MOST_LINKS, `over ${MOST_LINKS} links`);
		const answer = await context.request.get(url, { maxRedirects: 0 });
		const type = answer.headers()["content-type"] ?? "";
		const target = answer.headers().location;
		if (answer.status() >= 400) {
			broken.push(`${answer.status()} ${url} (on ${from.get(url)})`);
		} else if (target !== undefined) {
			const next = new URL(target, url);
			if (next.origin === server.site) {
				add(next.href, url);
			}
		} else if (type.startsWith("text/html")) {
			await page.goto(url);
			const links = await page.evaluate(() => [...document.links].map((link) => link.href.split("#")[0]));
			links.filter((link) => new URL(link).origin === server.site).forEach((link) => add(link, url));
		}
	}
	assert.deepEqual(broken, []);
	assert.ok(from.size > 40, `only ${from.size} links found`);
	noProblems(page);
}

async function redirect(page) {
	await page.goto("/");
	const passed = page.waitForResponse((answer) => answer.url().endsWith("/old-address"));
	await page.click('a[href="/old-address"]');
	assert.equal((await passed).status(), 301);
	await page.waitForURL("**/redirected");
	assert.match(await page.textContent("h1"), /sent on/);
	noProblems(page);
}

async function slashAdded(page, server, context) {
	for (const path of ["/files", "/files/charts", "/uploads"]) {
		const answer = await context.request.get(`${path}?a=b`, { maxRedirects: 0 });
		assert.equal(answer.status(), 301, path);
		assert.equal(answer.headers().location, `${path}/?a=b`);
	}
	await page.goto("/files");
	assert.equal(page.url(), `${server.site}/files/`);
	noProblems(page);
}

async function missingPage(page) {
	await page.goto("/");
	const [answer] = await Promise.all([
		page.waitForResponse((candidate) => candidate.url().includes("/no/such/page")),
		page.click('form[action="/no/such/page"] button'),
	]);
	assert.equal(answer.status(), 404);
	await page.waitForSelector("h1:has-text('not on the chart')");
	assert.ok(await page.evaluate(() => document.styleSheets.length > 0), "it finds its style sheet from anywhere");
}

async function secondName(page, server) {
	await page.goto("/");
	await page.click('a[href="/intranet/"]');
	await page.waitForURL(`${server.intranet}/`);
	assert.equal(await page.title(), "The harbour office");
	await page.click("text=About the gulls");
	await page.waitForSelector("h1:has-text('About the gulls')");
	noProblems(page);
}

async function secondPort(page, server, context) {
	const answer = await context.request.get("/spa/", { maxRedirects: 0 });
	assert.equal(answer.status(), 302);
	assert.equal(answer.headers().location, "http://127.0.0.1:8081/");

	await page.goto(`${server.app}/entries/2`);
	await page.waitForSelector("h1:has-text('Fog')");
	await page.click("text=Entries");
	await page.click("text=The quiet water");
	assert.equal(new URL(page.url()).pathname, "/entries/3");
	await page.reload();
	await page.waitForSelector("h1:has-text('The quiet water')");
	noProblems(page);
	const missing = await page.evaluate(async () => (await fetch("/assets/none.js")).status);
	assert.equal(missing, 404);
}

async function captured(page) {
	const answer = await page.goto("/hello/browser");
	assert.equal(answer.status(), 200);
	assert.match(await answer.text(), /^Hello, browser! You asked 127\.0\.0\.1 as 127\.0\.0\.1\.\n$/);
	noProblems(page);
}

export async function checkSite(runner) {
	await runner.check("the first page loads with no console error and no failed request", firstPage);
	await runner.check("so does every page of the navigation", everyPage);
	await runner.check("in the dark as well, and nothing is wider than a phone", fitsPhone, {
		colorScheme: "dark",
		viewport: { width: 360, height: 780 },
	});
	await runner.check("every link works, and every link on the pages behind it", everyLink);
	await runner.check("the redirect leads to the new address", redirect);
	await runner.check("a directory without its slash is redirected, its query kept", slashAdded);
	await runner.check("a missing page gets our own page and the status 404", missingPage);
	await runner.check("the second name has a site of its own", secondName);
	await runner.check("the second port has an app whose addresses survive a reload", secondPort);
	await runner.check("a regular expression's match comes back in a text", captured);
}
