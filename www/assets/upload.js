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

// ---- sending

// Ends with the status, 0 when it was broken off. XMLHttpRequest, because fetch tells no progress.
function send(file, progressed, cancel) {
	return new Promise((done) => {
		const request = new XMLHttpRequest();
		const body = new FormData();
		body.append("file", file);
		request.open("POST", BOX);
		request.setRequestHeader("Accept", "application/json");
		request.upload.addEventListener("progress", (event) => progressed(event.loaded, event.total));
		request.addEventListener("loadend", () => done(request.status));
		cancel.addEventListener("click", () => request.abort());
		request.send(body);
	});
}

async function transfer(file) {
	const bar = make("progress", { max: 1, value: 0 });
	bar.setAttribute("aria-label", `Progress of ${file.name}`);
	const state = make("span", { className: "state", textContent: "Waiting" });
	const cancel = make("button", { type: "button", className: "small", textContent: "Cancel" });
	const name = make("span", { className: "name", textContent: file.name });
	transfers.append(make("li", {}, name, cancel, bar, state));

	const status = await send(
		file,
		(loaded, total) => {
			bar.value = total ? loaded / total : 1;
			state.textContent = `${size(loaded)} of ${size(total)}, ${Math.floor(bar.value * 100)} %`;
		},
		cancel,
	);

	cancel.remove();
	const good = status === 201;
	if (good) {
		bar.value = 1;
		state.textContent = `${size(file.size)}, stored`;
	} else {
		bar.remove();
		state.textContent = status === 0 ? "Broken off." : reason(status);
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
