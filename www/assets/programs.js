// Reads the slow program's answer piece by piece and notes when each line came.

const button = document.getElementById("watch");
const stream = document.getElementById("stream");

function note(line, started) {
	const item = document.createElement("li");
	const when = document.createElement("time");
	when.textContent = `${((performance.now() - started) / 1000).toFixed(2)} s`;
	item.append(when, line);
	stream.append(item);
}

async function watch() {
	const started = performance.now();
	const answer = await fetch("/cgi-bin/slow.sh?plain", { cache: "no-store" });
	let rest = "";
	for await (const piece of pieces(answer.body.pipeThrough(new TextDecoderStream()))) {
		const whole = (rest + piece).split("\n");
		rest = whole.pop();
		whole.forEach((line) => note(line, started));
	}
}

async function* pieces(body) {
	const reader = body.getReader();
	for (let step = await reader.read(); !step.done; step = await reader.read()) {
		yield step.value;
	}
}

button.hidden = false;
button.addEventListener("click", async () => {
	button.disabled = true;
	stream.hidden = false;
	stream.replaceChildren();
	await watch().catch((error) => note(`broken off: ${error.message}`, performance.now()));
	button.disabled = false;
});
