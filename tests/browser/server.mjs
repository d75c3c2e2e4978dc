// The server under test: the real binary with the default configuration, on free ports, in a temporary
// copy of the site, so that the checkout stays as it is.

import { spawn } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";

const START = 10_000; // milliseconds until it has to listen
const STOP = 15_000; // and to end after SIGTERM

// Port 0 picks a free port for each address. The second port gets an address of its own, so that the
// lines on stdout tell which is which; listeners of one address stay one listener.
const addresses = [
	[/^\s*listen \[::\]:8081.*\n/gm, ""],
	[/\blisten 8081\b/g, "listen 127.0.0.2:0"],
	[/\blisten \[::\]:8080\b/g, "listen [::1]:0"],
	[/\blisten 8080\b/g, "listen 127.0.0.1:0"],
];

function copySite(top) {
	const room = fs.mkdtempSync(path.join(os.tmpdir(), "webserv-browser-"));
	fs.cpSync(path.join(top, "www"), path.join(room, "www"), { recursive: true });
	for (const name of fs.readdirSync(path.join(room, "www/uploads"))) {
		if (!name.startsWith(".")) {
			fs.rmSync(path.join(room, "www/uploads", name), { recursive: true });
		}
	}
	const text = fs.readFileSync(path.join(top, "conf/default.conf"), "utf8");
	fs.mkdirSync(path.join(room, "conf"));
	fs.writeFileSync(
		path.join(room, "conf/default.conf"),
		addresses.reduce((result, [pattern, by]) => result.replace(pattern, by), text),
	);
	return room;
}

// Collects what a stream says, line by line, and tells each new line.
function follow(stream, lines, tell = () => {}) {
	let rest = "";
	stream.setEncoding("utf8");
	stream.on("data", (piece) => {
		const whole = (rest + piece).split("\n");
		rest = whole.pop();
		for (const line of whole) {
			lines.push(line);
			tell(line);
		}
	});
}

function within(milliseconds, what, promise) {
	let timer;
	const late = new Promise((_, fail) => {
		timer = setTimeout(() => fail(new Error(`${what} took over ${milliseconds} ms`)), milliseconds);
	});
	return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

export class Server {
	constructor(binary, top) {
		this.room = copySite(top);
		this.log = []; // stdout: addresses, then the access log
		this.errors = []; // stderr
		this.ports = {}; // by address
		this.process = spawn(binary, ["conf/default.conf"], {
			cwd: this.room,
			stdio: ["ignore", "pipe", "pipe"],
		});
		this.ended = new Promise((done) => {
			this.process.on("error", (error) => done(error.message));
			this.process.on("exit", (code, signal) => done(signal ?? code));
		});
		follow(this.process.stderr, this.errors);
	}

	async start() {
		const ready = new Promise((done) => {
			follow(this.process.stdout, this.log, (line) => {
				const found = /^listening on http:\/\/(.+):(\d+)\/$/.exec(line);
				if (found) {
					this.ports[found[1]] = Number(found[2]);
				}
				if (this.ports["127.0.0.1"] && this.ports["127.0.0.2"]) {
					done();
				}
			});
		});
		const early = this.ended.then((how) => {
			throw new Error(`the server ended (${how}):\n${this.errors.join("\n")}`);
		});
		await within(START, "starting", Promise.race([ready, early]));
		this.site = `http://127.0.0.1:${this.ports["127.0.0.1"]}`;
		this.intranet = `http://intranet.localhost:${this.ports["127.0.0.1"]}`;
		this.app = `http://127.0.0.2:${this.ports["127.0.0.2"]}`;
	}

	stored(name) {
		return path.join(this.room, "www/uploads", name);
	}

	// Ends with the exit status, or the name of the signal that killed it.
	async stop() {
		this.process.kill("SIGTERM");
		return within(STOP, "stopping", this.ended);
	}

	clean() {
		this.process.kill("SIGKILL");
		fs.rmSync(this.room, { recursive: true, force: true });
	}
}
