// The server's figures: live without a reload, readable without the script, and still when asked to be.

import assert from "node:assert/strict";
import { noProblems } from "./checks.mjs";

const PERIOD = 2_000; // milliseconds between two looks of the page

const requests = (page) => page.locator("dt:text-is('Requests') + dd");

async function figure(page) {
	return Number((await requests(page).textContent()).replaceAll(/\D/g, ""));
}

export async function checkStatus(runner) {
	await runner.check("the figures move by themselves", async (page, server) => {
		await page.goto("/status");
		const before = await figure(page);
		for (let i = 0; i < 25; i++) {
			await fetch(new URL("/no-such-page", server.site));
		}
		await page.waitForFunction(
			(least) => Number(document.querySelectorAll("dd")[2].textContent.replaceAll(/\D/g, "")) >= least,
			before + 25,
		);
		const missing = page.getByRole("row", { name: "404 Not Found" });
		assert.ok(Number((await missing.locator("td").textContent()).replaceAll(/\D/g, "")) >= 25);
		noProblems(page);
	});

	await runner.check("a table whose figures change keeps its elements", async (page) => {
		await page.goto("/status");
		await page.locator("caption:text-is('Connections')").evaluate((node) => {
			node.parentElement.kept = true;
		});
		const before = await figure(page);
		await page.waitForFunction(
			(old) => Number(document.querySelectorAll("dd")[2].textContent.replaceAll(/\D/g, "")) > old,
			before,
		);
		const kept = await page
			.locator("caption:text-is('Connections')")
			.evaluate((node) => node.parentElement.kept);
		assert.equal(kept, true);
		noProblems(page);
	});

	await runner.check("paused they stand still", async (page) => {
		await page.goto("/status");
		const hold = page.getByRole("button", { name: "Pause" });
		await hold.click();
		assert.equal(await hold.getAttribute("aria-pressed"), "true");
		await page.waitForTimeout(300);
		const before = await figure(page);
		await page.waitForTimeout(PERIOD + 500);
		assert.equal(await figure(page), before);
		await hold.click();
		await page.waitForFunction(
			(old) => Number(document.querySelectorAll("dd")[2].textContent.replaceAll(/\D/g, "")) > old,
			before,
		);
		noProblems(page);
	});

	await runner.check(
		"without a script they are read, and nothing offers to pause",
		async (page) => {
			await page.goto("/status");
			assert.ok((await figure(page)) > 0);
			assert.equal(await page.getByRole("button").count(), 0);
		},
		{ javaScriptEnabled: false },
	);

	await runner.check(
		"on a small screen nothing hangs over the edge",
		async (page) => {
			await page.goto("/status");
			const over = await page.evaluate(
				() => document.documentElement.scrollWidth - document.documentElement.clientWidth,
			);
			assert.equal(over, 0);
			noProblems(page);
		},
		{ viewport: { width: 320, height: 640 } },
	);
}
