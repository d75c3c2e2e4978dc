#include "documents.h"

#include "forms.h"

#include <errno.h>

/* Pages of the site in the order in which they are read. */
static const struct document documents[] = {
	{ .name = "index.html",
	  .title = "The manual",
	  .lead = "From the first start to the last directive. Every configuration in it is loaded "
	          "and every "
	          "command is run by the tests.",
	  .prose = { "index" } },
	{ .name = "tutorial.html",
	  .title = "From socket() to an answer",
	  .lead = "For people who learn how a server works: what each system call does, and where "
	          "in this server it is made.",
	  .prose = { "tutorial" } },
	{ .name = "language.html",
	  .title = "The language",
	  .lead = "How a configuration is written: statements and blocks, sizes and times, "
	          "inheritance, which "
	          "server and which location answer, regular expressions.",
	  .prose = { "language" } },
	{ .name = "directives.html",
	  .title = "Directives",
	  .lead = "Everything that can stand in a configuration: its form, its default, where it "
	          "may stand, "
	          "what it does, an example, and what nginx does otherwise.",
	  .prose = { "directives" } },
	{ .name = "variables.html",
	  .title = "Variables",
	  .lead = "What can be written with a dollar sign in answers, fields, logs and the "
	          "environment of "
	          "programs.",
	  .prose = { "variables-use" } },
	{ .name = "explain.html",
	  .title = "Which rule answers this?",
	  .lead = "Six requests, and which rules of the configuration answer them.",
	  .prose = { "explain" } },
	{ .name = "cgi.html",
	  .title = "Programs",
	  .lead = "CGI: how a program answers requests, what it is told, and how it is kept in "
	          "bounds.",
	  .prose = { "cgi" } },
	{ .name = "uploads.html",
	  .title = "Uploads",
	  .lead = "Taking files by form, POST and PUT, and what a store promises.",
	  .prose = { "uploads" } },
	{ .name = "proxy.html",
	  .title = "Behind a proxy",
	  .lead = "TLS in front, who the client really is, and health checks.",
	  .prose = { "proxy" } },
	{ .name = "security.html",
	  .title = "Security",
	  .lead = "What the server is confined to, what you can rely on, and what is left to you.",
	  .prose = { "security" } },
	{ .name = "reload.html",
	  .title = "Reload, reopen, upgrade",
	  .lead = "Changing the configuration, the logs and the program without losing a request.",
	  .prose = { "reload" } },
	{ .name = "tuning.html",
	  .title = "Tuning",
	  .lead = "What is worth setting on a busy machine, and what is not.",
	  .prose = { "tuning" } },
	{ .name = "metrics.html",
	  .title = "Metrics",
	  .lead = "What the server counts, live, as a page, as JSON and for Prometheus.",
	  .prose = { "metrics" } },
	{ .name = "command.html",
	  .title = "The command",
	  .lead = "Options, signals, exit status and files.",
	  .prose = { "command" } },
	{ .name = "nginx.html",
	  .title = "Coming from nginx",
	  .lead = "The language is nginx's. What is different, what is passed over, and what is "
	          "refused, with "
	          "the nearest way.",
	  .prose = { "nginx" } },
	{ .name = "webserv.8",
	  .section = "8",
	  .title = "WEBSERV",
	  .prose = { "man-command", "command", "man-see-also" } },
	{ .name = "webserv.conf.5",
	  .section = "5",
	  .title = "WEBSERV.CONF",
	  .prose = { "man-conf", "language", "directives", "man-variables", "man-nginx" } },
};

enum { DOCUMENTS = sizeof documents / sizeof *documents };

const struct document *document_at(size_t i)
{
	return i < DOCUMENTS ? &documents[i] : NULL;
}

const struct document *document_find(struct str name)
{
	for (size_t i = 0; i < DOCUMENTS; i++)
		if (str_eq(name, str_from(documents[i].name)))
			return &documents[i];
	return NULL;
}

static bool write_prose(struct manual *manual, const struct document *document, struct buf *out,
                        struct buf *problem)
{
	struct markup markup = { .arena = &manual->arena,
		                 .out = out,
		                 .form = document->section ? &roff_form : &html_form,
		                 .insert = tables_insert,
		                 .context = manual };

	for (size_t i = 0; i < DOCUMENT_PROSE && document->prose[i]; i++) {
		struct str text = manual_prose(manual, document->prose[i]);

		if (!text.ptr) {
			buf_format(problem, "%s.txt: %s", document->prose[i], strerror(errno));
			return false;
		}
		if (!markup_blocks(&markup, text)) {
			buf_format(problem, "%s.txt: an unknown @insert, or memory is out",
			           document->prose[i]);
			return false;
		}
	}
	return true;
}

bool document_write(struct manual *manual, const char *name, struct buf *out, struct buf *problem)
{
	const struct document *document = document_find(str_from(name));

	if (!document) {
		buf_format(problem, "there is no document '%s'", name);
		return false;
	}
	(document->section ? roff_begin : html_begin)(out, document);
	if (!write_prose(manual, document, out, problem))
		return false;
	if (!document->section)
		html_end(out, document);
	return !out->failed;
}
