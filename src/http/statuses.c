#include "http/statuses.h"

/* RFC 9110 section 15 and the registry of status codes; sorted by code. */
static const struct status status_rows[] = {
	{ 100, STR("Continue"), STR("") },
	{ 101, STR("Switching Protocols"), STR("") },
	{ 102, STR("Processing"), STR("") },
	{ 103, STR("Early Hints"), STR("") },
	{ 104, STR("Upload Resumption Supported"), STR("") },
	{ 200, STR("OK"), STR("") },
	{ 201, STR("Created"), STR("") },
	{ 202, STR("Accepted"), STR("") },
	{ 203, STR("Non-Authoritative Information"), STR("") },
	{ 204, STR("No Content"), STR("") },
	{ 205, STR("Reset Content"), STR("") },
	{ 206, STR("Partial Content"), STR("") },
	{ 207, STR("Multi-Status"), STR("") },
	{ 208, STR("Already Reported"), STR("") },
	{ 226, STR("IM Used"), STR("") },
	{ 300, STR("Multiple Choices"), STR("") },
	{ 301, STR("Moved Permanently"), STR("") },
	{ 302, STR("Found"), STR("") },
	{ 303, STR("See Other"), STR("") },
	{ 304, STR("Not Modified"), STR("") },
	{ 305, STR("Use Proxy"), STR("") },
	{ 307, STR("Temporary Redirect"), STR("") },
	{ 308, STR("Permanent Redirect"), STR("") },
	{ 400, STR("Bad Request"),
	  STR("The request was not understood. Check the address, or try another program.") },
	{ 401, STR("Unauthorized"), STR("You need to sign in to see this.") },
	{ 402, STR("Payment Required"), STR("This is not available without payment.") },
	{ 403, STR("Forbidden"), STR("You may not see this or do this here.") },
	{ 404, STR("Not Found"),
	  STR("There is nothing at this address. Check its spelling, or go back to where you came "
	      "from.") },
	{ 405, STR("Method Not Allowed"),
	  STR("This address does not answer that kind of request.") },
	{ 406, STR("Not Acceptable"),
	  STR("There is no version of this that your program accepts.") },
	{ 407, STR("Proxy Authentication Required"), STR("The proxy wants you to sign in.") },
	{ 408, STR("Request Timeout"), STR("The request took too long to arrive. Try again.") },
	{ 409, STR("Conflict"),
	  STR("This does not go with what is there already. Choose another name, or remove the old "
	      "one first.") },
	{ 410, STR("Gone"), STR("What was at this address has been removed for good.") },
	{ 411, STR("Length Required"), STR("The request must say how long its body is.") },
	{ 412, STR("Precondition Failed"),
	  STR("What is stored has changed since you last saw it. Load it anew first.") },
	{ 413, STR("Content Too Large"), STR("What you sent is larger than is allowed here.") },
	{ 414, STR("URI Too Long"), STR("The address is longer than this server takes.") },
	{ 415, STR("Unsupported Media Type"), STR("This kind of content is not taken here.") },
	{ 416, STR("Range Not Satisfiable"),
	  STR("The file does not have the part that was asked for.") },
	{ 417, STR("Expectation Failed"),
	  STR("The request expects something that this server does not do.") },
	{ 421, STR("Misdirected Request"), STR("This server does not answer for that host.") },
	{ 422, STR("Unprocessable Content"),
	  STR("The content was understood but can't be processed.") },
	{ 423, STR("Locked"), STR("Somebody else is changing this right now. Try again later.") },
	{ 424, STR("Failed Dependency"),
	  STR("An earlier request that this one needs has failed.") },
	{ 425, STR("Too Early"), STR("Try again in a moment.") },
	{ 426, STR("Upgrade Required"), STR("Another protocol is needed here.") },
	{ 428, STR("Precondition Required"),
	  STR("The request must say which version it is meant for.") },
	{ 429, STR("Too Many Requests"),
	  STR("You are asking too often. Wait a little and try again.") },
	{ 431, STR("Request Header Fields Too Large"),
	  STR("The request's header is larger than is taken here. Deleting this site's cookies may "
	      "help.") },
	{ 451, STR("Unavailable For Legal Reasons"),
	  STR("This can't be shown for legal reasons.") },
	{ 500, STR("Internal Server Error"),
	  STR("Something went wrong on the server. Its log has the details.") },
	{ 501, STR("Not Implemented"), STR("The server does not know this kind of request.") },
	{ 502, STR("Bad Gateway"),
	  STR("The program behind this address did not give a proper answer. The server's log has "
	      "the details.") },
	{ 503, STR("Service Unavailable"),
	  STR("The server has too much to do right now. Try again in a moment.") },
	{ 504, STR("Gateway Timeout"),
	  STR("The program behind this address took too long to answer.") },
	{ 505, STR("HTTP Version Not Supported"),
	  STR("The request uses a version of HTTP that is not spoken here.") },
	{ 506, STR("Variant Also Negotiates"),
	  STR("The server is not configured well for this address.") },
	{ 507, STR("Insufficient Storage"), STR("There is no room left to store this.") },
	{ 508, STR("Loop Detected"), STR("The request went round in a circle.") },
	{ 510, STR("Not Extended"), STR("The request lacks an extension that is needed here.") },
	{ 511, STR("Network Authentication Required"),
	  STR("The network wants you to sign in first.") },
};

const struct status *status_find(unsigned code)
{
	size_t low = 0, high = sizeof status_rows / sizeof status_rows[0];

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (status_rows[middle].code == code)
			return &status_rows[middle];
		if (status_rows[middle].code < code)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

struct str status_reason(unsigned code)
{
	const struct status *row = status_find(code);

	return row ? row->reason : (struct str){ NULL, 0 };
}
