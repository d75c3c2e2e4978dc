#include "documents.h"

#include <stdio.h>

/*
 *     manual DIR DOCUMENT         writes one document of the manual to stdout
 *
 * DIR is www/manual, which holds the texts. Run by the Makefile; it is no part of the server.
 */
int main(int argc, char **argv)
{
	char room[512];
	struct buf problem = buf_fixed(room, sizeof room), out;
	struct manual manual;
	bool good;

	if (argc != 3) {
		fprintf(stderr, "usage: manual DIR DOCUMENT\n");
		return 2;
	}
	if (!manual_open(&manual, argv[1], &problem)) {
		fprintf(stderr, "manual: %.*s\n", STR_ARG(buf_str(&problem)));
		return 1;
	}
	out = buf_in_arena(&manual.arena, 256 * 1024);
	good = document_write(&manual, argv[2], &out, &problem);
	if (!good)
		fprintf(stderr, "manual: %.*s\n", STR_ARG(buf_str(&problem)));
	good = good && fwrite(out.ptr, 1, out.len, stdout) == out.len && fflush(stdout) == 0;
	manual_close(&manual);
	return good ? 0 : 1;
}
