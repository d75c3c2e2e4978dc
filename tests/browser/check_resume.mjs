// Uploads behind a proxy that breaks the connection again and again.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import fs from "node:fs";
import net from "node:net";
import path from "node:path";

const NAME = "Zug um Zug (50%).bin";
const SIZE = 8_000_000;
const CUTS = 5;
const PIECE = 900_000; // bytes that pass before a cut

// Lets so many bytes of a client through, then resets both ends; after CUTS of them it lets everything pass.
class Cutter {
	cuts = 0;

	async start(port) {
		this.server = net.createServer((client) => {
			const upstream = net.connect(port, "127.0.0.1");
			let passed = 0;
			client.on("data", (data) => {
				passed += data.length;
				upstream.write(data);
				if (passed > PIECE && this.cuts < CUTS) {
					this.cuts++;
					client.resetAndDestroy();
					upstream.destroySoon();
				}
			});
			upstream.on("data", (data) => client.write(data));
			for (const [one, other] of [[client, upstream], [upstream, client]]) {
				one.on("error", () => other.destroy());
				one.on("close", () => other.destroy());
			}
		});
		await new Promise((done) => this.server.listen(0, "127.0.0.1", done));
		this.address = `http://127.0.0.1:${this.server.address().port}`;
	}

	stop() {
		this.server.close();
	}
}

let bytes;
let file;

// What is in the store beside .gitignore and the like.
const ours = (server) => fs.readdirSync(path.dirname(server.stored(NAME))).filter((name) => name.startsWith(".upload-"));

async function goesOn(page, server, { address, input, button, state, stored, list }) {
	const cutter = new Cutter();
	await cutter.start(Number(new URL(server.site).port));
	try {
		await page.goto(cutter.address + address, { waitUntil: "networkidle" });
		await page.setInputFiles(input, file);
		await page.click(button);
		await page.waitForSelector(`${state}.good, ${state}.bad`, { timeout: 50_000 });
		assert.match(await page.textContent(state), stored);
		assert.equal(cutter.cuts, CUTS);
		assert.ok(fs.readFileSync(server.stored(NAME)).equals(bytes), "the bytes on the disk");
		await page.locator(list, { hasText: NAME }).waitFor();
		// Chromium sends a request again by itself when a kept connection breaks: the offset is then the old one, and 409.
		const expected = /net::ERR_|Failed to load resource|^409: .*\?upload=/;
		const wrong = page.problems.filter((problem) => !expected.test(problem));
		assert.deepEqual(wrong, []);
	} finally {
		cutter.stop();
	}
}

const site = {
	address: "/upload",
	input: "#file",
	button: "#upload button",
	state: "#transfers .state",
	stored: /8\.0 MB, stored/,
	list: "#files",
};
const listing = {
	address: "/uploads/",
	input: "#f",
	button: "#up button",
	state: "#up li small",
	stored: /^Stored$/,
	list: "#list",
};

async function siteGoesOn(page, server) {
	await goesOn(page, server, site);
	fs.rmSync(server.stored(NAME));
}

const listingGoesOn = (page, server) => goesOn(page, server, listing);

async function isRefused(page, server) {
	await page.goto("/uploads/", { waitUntil: "networkidle" });
	await page.setInputFiles("#f", file);
	await page.click("#up button");
	await page.waitForSelector("#up li small.bad");
	assert.match(await page.textContent("#up li small"), /file of this name is there already/);
	fs.rmSync(server.stored(NAME));
}

async function isCancelled(page, server, context) {
	const session = await context.newCDPSession(page);
	await session.send("Network.enable");
	await session.send("Network.emulateNetworkConditions", {
		offline: false,
		latency: 0,
		downloadThroughput: -1,
		uploadThroughput: 2_000_000,
	});
	const before = ours(server).length;
	await page.goto("/uploads/", { waitUntil: "networkidle" });
	await page.setInputFiles("#f", file);
	await page.click("#up button");
	await page.waitForFunction(() => document.querySelector("#up progress")?.value > 0.2);
	assert.equal(ours(server).length, before + 2, "the bytes and the state wait in the store");
	await page.click("#up li button");
	await page.waitForSelector("#up li small.bad");
	await page.waitForTimeout(1000);
	assert.equal(ours(server).length, before, "nothing of it is left");
	assert.ok(!fs.existsSync(server.stored(NAME)));
}

export async function checkResume(runner) {
	bytes = randomBytes(SIZE);
	const folder = path.join(runner.server.room, "pieces");
	fs.mkdirSync(folder);
	file = path.join(folder, NAME);
	fs.writeFileSync(file, bytes);
	await runner.check(`an upload goes on after ${CUTS} cut connections`, siteGoesOn);
	await runner.check(`the listing's upload goes on after ${CUTS} cut connections`, listingGoesOn);
	await runner.check("the listing says why an upload is refused", isRefused);
	await runner.check("an upload in pieces that is cancelled leaves nothing behind", isCancelled);
}
