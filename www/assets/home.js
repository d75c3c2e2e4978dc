// Shows the response head of this page: asks for it once more, without the body.

const place = document.getElementById("head");
// The browser gives the names in lower case: "last-modified", "etag".
function spelt(name) {
	return name === "etag" ? "ETag" : name.replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase());
}

const answer = await fetch(location.pathname, { method: "HEAD" });
await answer.arrayBuffer(); // empty, but an answer that is not read to its end counts as broken off

place.replaceChildren(`HTTP/1.1 ${answer.status} ${answer.statusText}`);
for (const [name, value] of answer.headers) {
	const label = document.createElement("b");
	label.textContent = spelt(name);
	place.append("\n", label, `: ${value}`);
}
