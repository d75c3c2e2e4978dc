// What the checks share: pages that note every problem, and a runner that prints a line for each check.

import assert from "node:assert/strict";

const LIMIT = 60_000; // milliseconds for one check

// A page of its own that writes down console errors, exceptions, failed requests and error statuses.
// Chromium stops loading a film when it has enough for now, and a page's icon when it leaves the page;
// neither is a failure.
export async function watchedPage(context) {
	const page = await context.newPage();
	const problems = [];
	page.on("pageerror", (error) => problems.push(`exception: ${error.message}`));
	page.on("console", (message) => {
		if (message.type() === "error") {
			problems.push(`console: ${message.text()}`);
		}
	});
	page.on("requestfailed", (request) => {
		const reason = request.failure()?.errorText;
		const mayStop = request.resourceType() === "media" || /icon\.(svg|ico)$/.test(request.url());
		if (!(mayStop && reason === "net::ERR_ABORTED")) {
			problems.push(`failed: ${request.method()} ${request.url()} ${reason}`);
		}
	});
	page.on("response", (response) => {
		if (response.status() >= 400) {
			problems.push(`${response.status()}: ${response.url()}`);
		}
	});
	page.problems = problems;
	return page;
}

export class Runner {
	passed = 0;
	failed = 0;

	constructor(browser, server) {
		this.browser = browser;
		this.server = server;
	}

	// Each check has a browser context of its own: no cookie and no cached file of another.
	async check(name, body, options = {}) {
		const context = await this.browser.newContext({ baseURL: this.server.site, ...options });
		context.setDefaultTimeout(LIMIT / 3);
		let timer;
		const late = new Promise((_, fail) => {
			timer = setTimeout(() => fail(new Error(`over ${LIMIT} ms`)), LIMIT);
		});
		try {
			await Promise.race([body(await watchedPage(context), this.server, context), late]);
			this.passed++;
			console.log(`ok      ${name}`);
		} catch (error) {
			this.failed++;
			console.log(`NOT OK  ${name}\n        ${String(error.message).replaceAll("\n", "\n        ")}`);
		} finally {
			clearTimeout(timer);
			await context.close();
		}
	}
}

export function noProblems(page) {
	assert.deepEqual(page.problems, []);
}
