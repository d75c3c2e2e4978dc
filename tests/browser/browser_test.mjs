// The default configuration and site in a real browser:
//
//     node browser_test.mjs BINARY REPOSITORY [PICTURE.png]
//
// Prints a line for each check and the sum at the end; with a third argument it also takes the picture
// of the first page that the README shows. CHROMIUM names another browser than Debian's.

import assert from "node:assert/strict";
import { chromium } from "playwright-core";
import { checkPrograms } from "./check_programs.mjs";
import { checkResume } from "./check_resume.mjs";
import { checkSite } from "./check_site.mjs";
import { checkStatus } from "./check_status.mjs";
import { checkUpload } from "./check_upload.mjs";
import { Runner } from "./checks.mjs";
import { Server } from "./server.mjs";

const [binary, top, picture] = process.argv.slice(2);
if (top === undefined) {
	console.error("usage: browser_test.mjs BINARY REPOSITORY [PICTURE.png]");
	process.exit(2);
}

function launch() {
	return chromium.launch({
		executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
		args: [
			"--no-sandbox",
			"--disable-gpu",
			"--disable-quic",
			"--no-first-run",
			"--disable-background-networking",
			"--disable-component-update",
			"--disable-sync",
		],
	});
}

async function takePicture(browser, server) {
	const page = await browser.newPage({ baseURL: server.site, viewport: { width: 1280, height: 860 } });
	await page.goto("/", { waitUntil: "networkidle" });
	await page.screenshot({ path: picture });
}

async function ends(page, server) {
	assert.equal(await server.stop(), 0);
	const wrong = server.errors.filter((line) => /\[(error|crit|alert|emerg)\]|\berror:/.test(line));
	assert.deepEqual(wrong, []);
}

const server = new Server(binary, top);
let browser;
let runner;
try {
	await server.start();
	browser = await launch();
	runner = new Runner(browser, server);
	await checkSite(runner);
	await checkUpload(runner);
	await checkResume(runner);
	await checkStatus(runner);
	await checkPrograms(runner);
	if (picture !== undefined) {
		await takePicture(browser, server);
	}
	await runner.check("the server has logged no error and ends with status 0 when asked to", ends);
} catch (error) {
	console.log(`NOT OK  ${error.message}`);
	runner ??= new Runner(browser, server);
	runner.failed++;
} finally {
	await browser?.close();
	server.clean();
}
if (runner.failed > 0 && server.errors.length > 0) {
	console.log(`\nThe server's last words:\n${server.errors.slice(-20).join("\n")}\n`);
}
console.log(`${runner.passed} passed, ${runner.failed} failed`);
process.exit(runner.failed > 0 ? 1 : 0);
