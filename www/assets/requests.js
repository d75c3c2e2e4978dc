// Sends prepared requests and shows the answers. fetch() can't show everything: a redirect is followed
// before a script sees it, and the connection's own fields stay with the browser.

const tries = document.getElementById("tries");
const own = document.getElementById("own");
const place = document.getElementById("exchange");

const SHOWN = 1200; // characters of a body

const BOTTLE = "/uploads/bottle.txt";
const PROBLEM = { Accept: "application/problem+json" };
const tooLarge = () => new Blob([new Uint8Array(2 << 20)]); // the location takes 1 MB

const prepared = [
	{ title: "GET a text", method: "GET", path: "/files/readme.txt" },
	{ title: "HEAD: the fields alone", method: "HEAD", path: "/files/readme.txt" },
	{ title: "A condition that holds", method: "GET", path: "/files/readme.txt", condition: true },
	{ title: "Sixteen bytes of it", method: "GET", path: "/files/readme.txt", fields: { Range: "bytes=0-15" } },
	{ title: "Bytes that are not there", method: "GET", path: "/files/empty", fields: { Range: "bytes=900-" } },
	{ title: "A listing as JSON", method: "GET", path: "/files/", fields: { Accept: "application/json" } },
	{ title: "What may I do?", method: "OPTIONS", path: "/uploads/" },
	{ title: "PUT a file in the box", method: "PUT", path: BOTTLE, body: () => "A message.\n" },
	{ title: "… and delete it", method: "DELETE", path: BOTTLE },
	{ title: "A method not allowed", method: "DELETE", path: "/index.html" },
	{ title: "Too large a body", method: "POST", path: "/cgi-bin/form.py", body: tooLarge },
	{ title: "A missing page, as JSON", method: "GET", path: "/uploads/none", fields: PROBLEM },
	{ title: "A redirect, followed", method: "GET", path: "/old-address" },
];

function make(tag, text) {
	return Object.assign(document.createElement(tag), { textContent: text });
}

async function fieldsOf(request) {
	if (!request.condition) {
		return request.fields ?? {};
	}
	const first = await fetch(request.path, { method: "HEAD", cache: "no-store" });
	return { "If-None-Match": first.headers.get("ETag") ?? "*" };
}

async function bodyOf(answer) {
	const type = answer.headers.get("Content-Type") ?? "";
	const text = /text|json|xml|script/.test(type) ? await answer.text() : "";
	if (text === "") {
		return "";
	}
	return `\n\n${text.slice(0, SHOWN)}${text.length > SHOWN ? "…" : ""}`;
}

async function exchange(request) {
	const fields = await fieldsOf(request);
	place.replaceChildren(make("b", `${request.method} ${request.path}`));
	for (const [name, value] of Object.entries(fields)) {
		place.append(`\n${name}: ${value}`);
	}
	const answer = await fetch(request.path, {
		method: request.method,
		headers: fields,
		body: request.body?.(),
		cache: "no-store",
	});
	if (answer.redirected) {
		place.append("\n\n", make("s", `redirected to ${new URL(answer.url).pathname}`));
	}
	place.append("\n\n", make("b", `${answer.status} ${answer.statusText}`));
	for (const [name, value] of answer.headers) {
		place.append("\n", make("i", name), `: ${value}`);
	}
	place.append(await bodyOf(answer));
	place.scrollIntoView({ block: "nearest" });
}

function send(request) {
	exchange(request).catch((error) => place.append("\n\n", make("s", `no answer: ${error.message}`)));
}

for (const request of prepared) {
	const button = make("button", request.title);
	button.type = "button";
	button.append(make("small", request.method));
	button.addEventListener("click", () => send(request));
	const item = make("li", "");
	item.append(button);
	tries.append(item);
}

own.addEventListener("submit", (event) => {
	event.preventDefault();
	const path = document.getElementById("path").value;
	send({ method: document.getElementById("method").value, path: path.startsWith("/") ? path : `/${path}` });
});
