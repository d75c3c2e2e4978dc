// Jumps in the film, and fetches one piece of it by hand.

const film = document.getElementById("film");
const jumps = document.getElementById("jumps");
const now = document.getElementById("now");
const button = document.getElementById("piece");
const place = document.getElementById("bytes");

// First the page, then the film: its head is fetched when all else is there.
const PAUSE = 1000; // milliseconds
const wake = () => {
	film.preload = "metadata";
};
window.addEventListener("load", () => setTimeout(wake, PAUSE));

jumps.hidden = false;
jumps.addEventListener("click", (event) => {
	const second = event.target.dataset.second;
	if (second !== undefined) {
		wake();
		film.currentTime = Number(second);
	}
});
film.addEventListener("seeked", () => {
	now.textContent = `At second ${Math.round(film.currentTime)}.`;
});

const ROW = 8; // bytes, so that a row fits a phone

// As hexdump does: offset, bytes, and what of them is printable.
function dump(bytes) {
	const lines = [];
	for (let at = 0; at < bytes.length; at += ROW) {
		const row = [...bytes.slice(at, at + ROW)];
		const hex = row.map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
		const text = row.map((byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : "·")).join("");
		lines.push(`${at.toString(16).padStart(4, "0")}  ${hex.padEnd(3 * ROW - 1)}  ${text}`);
	}
	return lines.join("\n");
}

button.hidden = false;
button.addEventListener("click", async () => {
	const answer = await fetch("/media/minute-at-sea.webm", {
		headers: { Range: "bytes=0-63" },
		cache: "no-store",
	});
	const fields = ["Content-Range", "Content-Length", "Content-Type"]
		.map((name) => `${name}: ${answer.headers.get(name)}\n`)
		.join("");
	const bytes = new Uint8Array(await answer.arrayBuffer());
	place.textContent = `${answer.status} ${answer.statusText}\n${fields}\n${dump(bytes.slice(0, 256))}`;
});
