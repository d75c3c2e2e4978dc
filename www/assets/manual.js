// Searching within a page of the manual: sections without the words typed are hidden, rows and names likewise.
// Without scripts the page is whole, and the browser's own search does it.

const main = document.querySelector("main.manual");
const lead = main.querySelector(".lead");

// A section: a heading and what follows it up to the next one.
const sections = [];
for (let element = lead.nextElementSibling; element; element = element.nextElementSibling) {
	if (element.matches("nav")) {
		continue;
	}
	if (element.matches("h2, h3") || sections.length === 0) {
		sections.push({ level: element.matches("h3") ? 3 : 2, elements: [] });
	}
	sections.at(-1).elements.push(element);
}

const has = (text, words) => words.every((word) => text.toLowerCase().includes(word));

function narrow(section, words) {
	const heading = section.elements[0].matches("h2, h3") ? section.elements[0].textContent : "";
	const whole = words.length === 0 || has(heading, words);
	const parts = section.elements.flatMap((element) => [...element.querySelectorAll("tr, li")]);
	for (const part of parts) {
		part.hidden = !whole && !has(part.textContent, words);
	}
}

function search(words) {
	let found = 0;
	for (const section of sections) {
		section.shown = has(section.elements.map((element) => element.textContent).join("\n"), words);
		found += section.shown ? 1 : 0;
		section.elements.forEach((element) => (element.hidden = !section.shown));
		narrow(section, words);
	}
	// The heading of a group stays above what is left of it.
	let group = null;
	for (const section of sections) {
		if (section.level === 2) {
			group = section;
		} else if (section.shown && group) {
			group.elements[0].hidden = false;
		}
	}
	return found;
}

const label = document.createElement("label");
const field = document.createElement("input");
const outcome = document.createElement("output");
label.className = "search";
label.append("Search this page", field);
field.type = "search";
field.addEventListener("input", () => {
	const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
	const found = search(words);
	outcome.textContent = words.length === 0 ? "" : `${found} of ${sections.length} sections`;
});
lead.after(label, outcome);
