// The box: sends files one by one with their progress, lists what is there, deletes. Without this script
// the form and the server's own listing do the same, less comfortably.

const BOX = "/uploads/";

const form = document.getElementById("upload");
const input = document.getElementById("file");
const transfers = document.getElementById("transfers");
const table = document.getElementById("table");
const rows = document.getElementById("files");
const said = document.getElementById("said");
const refresh = document.getElementById("refresh");

const reasons = {
	403: "The server does not allow it.",
	404: "It is not there any more.",
	409: "A file of this name is already in the box. Delete it first.",
	413: "It is larger than the server takes.",
	507: "The server has no room left.",
};

function make(tag, properties = {}, ...children) {
	const element = Object.assign(document.createElement(tag), properties);
	element.append(...children);
	return element;
}

function reason(status) {
	return reasons[status] ?? `The server answered ${status}.`;
}

function size(bytes) {
	const units = ["bytes", "kB", "MB", "GB"];
	let unit = 0;
	while (bytes >= 1000 && unit < units.length - 1) {
		bytes /= 1000;
		unit++;
	}
	return `${unit && bytes < 100 ? bytes.toFixed(1) : Math.round(bytes)} ${units[unit]}`;
}

// ---- what is in the box

async function list() {
	try {
		const answer = await fetch(BOX, { headers: { Accept: "application/json" }, cache: "no-store" });
		if (!answer.ok) {
			throw new Error(reason(answer.status));
		}
		show((await answer.json()).filter((entry) => entry.type === "file"));
	} catch (error) {
		said.textContent = `The box can't be listed: ${error.message}`;
	}
}

function show(files) {
	rows.replaceChildren(...files.map(row));
	table.hidden = files.length === 0;
	said.textContent = files.length === 0 ? "It is empty." : "";
}

function row(file) {
	const link = make("a", { href: BOX + encodeURIComponent(file.name), textContent: file.name });
	const button = make("button", { type: "button", className: "small", textContent: "Delete" });
	button.setAttribute("aria-label", `Delete ${file.name}`);
	button.addEventListener("click", () => remove(file.name, button));
	return make(
		"tr",
		{},
		make("td", {}, link),
		make("td", { className: "num", textContent: size(file.size) }),
		make("td", {}, button),
	);
}

async function remove(name, button) {
	button.disabled = true;
	const answer = await fetch(BOX + encodeURIComponent(name), { method: "DELETE" }).catch(() => null);
	await list();
	if (!answer?.ok) {
		said.textContent = `${name} was not deleted. ${answer ? reason(answer.status) : "No answer."}`;
	} else {
		said.textContent = `${name} is deleted.`;
		refresh.focus();
	}
}

// ---- sending: in pieces, so that it goes on after the connection broke (draft-ietf-httpbis-resumable-upload)

const PATIENCE = 12; // attempts in a row that bring nothing

const field = (job, name) => job.request.getResponseHeader(name);
const mayRetry = (status) => status === 0 || status >= 500;

// Ends with the status, 0 when it was broken off. XMLHttpRequest, because fetch tells no progress.
function ask(job, method, url, fields, body, progressed = () => {}) {
	return new Promise((done) => {
		job.request = new XMLHttpRequest();
		job.request.open(method, url);
		job.request.setRequestHeader("Accept", "application/json");
		for (const [name, value] of Object.entries(fields)) {
			job.request.setRequestHeader(name, value);
		}
		job.request.upload.addEventListener("progress", progressed);
		job.request.addEventListener("loadend", () => done(job.request.status));
		job.request.send(body);
	});
}

// Longer each time, but no longer than until the network is back.
function pause(tries) {
	return new Promise((done) => {
		const timer = setTimeout(done, Math.min(500 * 2 ** tries, 15_000));
		addEventListener(
			"online",
			() => {
				clearTimeout(timer);
				done();
			},
			{ once: true },
		);
	});
}

// Begins an upload without any of its bytes, for its address: a page never sees the server's interim answers.
async function begin(job, file) {
	const name = encodeURIComponent(file.name).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16)}`);
	const fields = {
		"Upload-Complete": "?0",
		"Upload-Length": file.size,
		"Content-Disposition": `attachment; filename*=UTF-8''${name}`,
	};
	let status = await ask(job, "POST", BOX, fields);
	for (let tries = 0; mayRetry(status) && tries < PATIENCE && !job.cancelled; tries++) {
		await pause(tries);
		status = await ask(job, "POST", BOX, fields);
	}
	job.address = status === 201 ? field(job, "Location") : null;
	return status;
}

// How much the server has: -1 when it has the file, NaN when it knows nothing of it, undefined without an answer.
async function findOffset(job) {
	const status = await ask(job, "HEAD", job.address, {});
	if (status === 204) {
		return field(job, "Upload-Complete") === "?1" ? -1 : Number(field(job, "Upload-Offset"));
	}
	return mayRetry(status) ? undefined : NaN;
}

// Ends with the status that the whole file got.
async function send(job, file, progressed, broken) {
	let status = await begin(job, file);
	let offset = 0;
	for (let tries = 0; job.address && !job.cancelled && tries < PATIENCE; ) {
		const fields = {
			"Content-Type": "application/partial-upload",
			"Upload-Complete": "?1",
			"Upload-Offset": offset,
		};
		const from = offset;
		status = await ask(job, "PATCH", job.address, fields, file.slice(from), (event) => {
			progressed(from + event.loaded, file.size);
		});
		if (status === 201 || field(job, "Upload-Complete") === "?1" || !(mayRetry(status) || status === 409)) {
			break;
		}
		let found;
		while (found === undefined && !job.cancelled && tries < PATIENCE) {
			broken();
			await pause(tries++);
			found = job.cancelled ? undefined : await findOffset(job);
		}
		if (found === -1) {
			return 201;
		}
		if (Number.isNaN(found)) {
			return 404;
		}
		if (found > offset) {
			tries = 0;
		}
		offset = found ?? offset;
	}
	return status;
}

function drop(job) {
	if (job.address) {
		fetch(job.address, { method: "DELETE" }).catch(() => {});
	}
}

async function transfer(file) {
	const job = {};
	const bar = make("progress", { max: 1, value: 0 });
	bar.setAttribute("aria-label", `Progress of ${file.name}`);
	const state = make("span", { className: "state", textContent: "Waiting" });
	const cancel = make("button", { type: "button", className: "small", textContent: "Cancel" });
	const name = make("span", { className: "name", textContent: file.name });
	transfers.append(make("li", {}, name, cancel, bar, state));
	cancel.addEventListener("click", () => {
		job.cancelled = true;
		job.request?.abort();
	});

	const status = await send(
		job,
		file,
		(loaded, total) => {
			bar.value = total ? loaded / total : 1;
			state.textContent = `${size(loaded)} of ${size(total)}, ${Math.floor(bar.value * 100)} %`;
		},
		() => {
			state.textContent = "The connection broke off: it goes on in a moment.";
		},
	);

	cancel.remove();
	const good = status === 201 && !job.cancelled;
	if (good) {
		bar.value = 1;
		state.textContent = `${size(file.size)}, stored`;
	} else {
		bar.remove();
		drop(job);
		state.textContent = job.cancelled || status === 0 ? "Broken off." : reason(status);
	}
	state.classList.add(good ? "good" : "bad");
}

async function sendAll(files) {
	for (const file of files) {
		await transfer(file);
	}
	await list();
}

form.addEventListener("submit", (event) => {
	event.preventDefault();
	const files = [...input.files];
	form.reset();
	sendAll(files);
});

for (const kind of ["dragover", "dragleave", "drop"]) {
	form.addEventListener(kind, (event) => {
		event.preventDefault();
		form.classList.toggle("over", kind === "dragover");
		if (kind === "drop") {
			sendAll([...event.dataTransfer.files]);
		}
	});
}

refresh.hidden = false;
refresh.addEventListener("click", list);
await list();
