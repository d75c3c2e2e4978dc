#include "handlers/status.h"

/* The fixed texts of the figures' page, as they are sent: each line is one string, and the formatter keeps off. */

/* clang-format off */

const char *const status_style[] = {
	".bar { display: flex; flex-wrap: wrap; gap: 0.5rem 1rem; align-items: center;\n"
	"\tjustify-content: space-between; }\n"
	"h1 { font-size: clamp(1.4rem, 4vw, 1.9rem); }\n"
	"p { margin: 0.25rem 0 1rem; color: var(--soft); font-size: 0.9375rem; }\n"
	"button { padding: 0.35rem 0.9rem; border: 1px solid var(--soft); border-radius: 8px;\n"
	"\tbackground: var(--panel); color: var(--ink); font: inherit; cursor: pointer; }\n"
	"button[aria-pressed=\"true\"] { border-color: var(--accent); background: var(--accent);\n"
	"\tcolor: var(--on-accent); }\n"
	"dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(7.5rem, 1fr));\n"
	"\tgap: 0.75rem; margin: 0 0 1.25rem; }\n"
	"dl div, table { background: var(--panel); border: 1px solid var(--line);\n"
	"\tborder-radius: 12px; }\n"
	"dl div { padding: 0.75rem 1rem; }\n"
	"dt { color: var(--soft); font-size: 0.875rem; }\n"
	"dd { margin: 0; font-size: 1.35rem; font-weight: 600; }\n"
	".tables { columns: 20rem; column-gap: 1rem; }\n"
	"table { width: 100%; margin: 0 0 1rem; border-spacing: 0; break-inside: avoid;\n"
	"\tpadding: 0 0 0.4rem; }\n"
	"dd, td { font-variant-numeric: tabular-nums; }\n"
	"caption { padding: 0.2rem 1rem 0.5rem; text-align: left; font-weight: 600; }\n"
	"th, td { padding: 0.3rem 1rem; border-top: 1px solid var(--line); text-align: left; }\n"
	"th { font-weight: 400; color: var(--soft); }\n"
	"caption + * tr:first-child > * { border-top: 0; }\n"
	"td { text-align: right; }\n"
	".wide thead th:nth-child(n+2) { text-align: right; }\n"
	"@media (max-width: 36rem) {\n"
	"\t.wide th, .wide td { padding-inline: 0.5rem; font-size: 0.8125rem; }\n"
	"\t.wide tr > :nth-child(3) { display: none; }\n"
	"}\n",
	NULL,
};

/*
 * Fetches the page itself anew and puts its figures in the place of the old ones, so that they are written
 * in one place, on the server, and `status html` is as live as a bare `status`. A table that only has other
 * figures keeps its elements, and what a reader has selected or points at in it.
 */
const char *const status_script[] = {
	"\"use strict\";\n"
	"const hold = document.getElementById(\"hold\");\n"
	"const said = document.getElementById(\"said\");\n"
	"const live = document.getElementById(\"live\");\n"
	"let waits = false;\n"
	"\n"
	"function renew(old, now) {\n"
	"\tif (old.isEqualNode(now)) {\n"
	"\t\treturn;\n"
	"\t}\n"
	"\tif (old.childElementCount === 0 || old.childElementCount !== now.childElementCount) {\n"
	"\t\told.replaceWith(now);\n"
	"\t\treturn;\n"
	"\t}\n"
	"\tconst fresh = [...now.children];\n"
	"\t[...old.children].forEach((child, i) => renew(child, fresh[i]));\n"
	"}\n"
	"\n"
	"async function look() {\n"
	"\tif (waits || document.hidden || hold.getAttribute(\"aria-pressed\") === \"true\") {\n"
	"\t\treturn;\n"
	"\t}\n"
	"\twaits = true;\n"
	"\ttry {\n"
	"\t\tconst answer = await fetch(location.href, { headers: { Accept: \"text/html\" } });\n"
	"\t\tif (!answer.ok) {\n"
	"\t\t\tthrow new Error(`it said ${answer.status}`);\n"
	"\t\t}\n"
	"\t\tconst page = new DOMParser().parseFromString(await answer.text(), \"text/html\");\n"
	"\t\trenew(live, page.getElementById(\"live\"));\n"
	"\t\tsaid.textContent = \"\";\n"
	"\t} catch (error) {\n"
	"\t\tsaid.textContent = `The server can't be asked: ${error.message}`;\n"
	"\t}\n"
	"\twaits = false;\n"
	"}\n"
	"\n"
	"hold.hidden = false;\n"
	"hold.addEventListener(\"click\", () => {\n"
	"\thold.setAttribute(\"aria-pressed\", hold.getAttribute(\"aria-pressed\") === \"false\");\n"
	"});\n"
	"setInterval(look, 2000);\n",
	NULL,
};

/* The script is allowed by its digest, so that every answer is the same. A test compares the two. */
const char status_policy[] =
	"default-src 'none'; script-src 'sha256-j0vCk+ELZhxYosXf86FpJjYi1e5l7uzo4cAEBpmGAB4='; "
	"style-src 'unsafe-inline'; img-src data:; connect-src 'self'; form-action 'none'; "
	"frame-ancestors 'none'; base-uri 'none'";

/* clang-format on */
