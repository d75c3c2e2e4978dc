// A single-page app in one file: the address chooses a view, the History API changes the address, and the
// server sends the same page for all of them.

const view = document.getElementById("view");
const entries = await (await fetch("/assets/entries.json")).json();

function make(tag, properties = {}, ...children) {
	const element = Object.assign(document.createElement(tag), properties);
	element.append(...children);
	return element;
}

const heading = (text) => make("h1", { textContent: text });
const paragraph = (text) => make("p", { textContent: text });
const when = (entry) => make("span", { className: "when", textContent: entry.day });

function list() {
	const items = entries.map((entry) =>
		make("li", {}, when(entry), make("a", { href: `/entries/${entry.id}`, textContent: entry.title })),
	);
	return [heading("Entries"), make("ul", {}, ...items)];
}

function one(id) {
	const entry = entries.find((candidate) => String(candidate.id) === id);
	return entry ? [heading(entry.title), when(entry), paragraph(entry.text)] : missing();
}

function about() {
	return [
		heading("One page, many addresses"),
		paragraph("Reload this address: the server has no file of that name and sends index.html, because a browser navigates. A script or picture that is missing stays 404."),
	];
}

function missing() {
	return [heading("No such view"), paragraph(`The app knows nothing under ${location.pathname}.`)];
}

const routes = [
	[/^\/(?:entries\/?)?$/, list],
	[/^\/entries\/(\d+)$/, one],
	[/^\/about$/, about],
];

function show() {
	for (const [pattern, draw] of routes) {
		const found = pattern.exec(location.pathname);
		if (found) {
			return view.replaceChildren(...draw(found[1]));
		}
	}
	return view.replaceChildren(...missing());
}

document.addEventListener("click", (event) => {
	const link = event.target.closest("a");
	const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
	if (link && plain && link.origin === location.origin) {
		event.preventDefault();
		history.pushState(null, "", link.href);
		show();
		view.focus();
	}
});
window.addEventListener("popstate", show);
show();
