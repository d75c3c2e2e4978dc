#!/usr/bin/python3
"""A CGI program in Python: gives back what a form sent, by GET or POST, files included."""

import email.parser
import email.policy
import html
import os
import sys
import urllib.parse

FIELDS = 100  # more than that are not read
SHOWN = 2000  # characters of one value

PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title} · webserv</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="/assets/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/assets/site.css"></head><body>
<header class="top"><nav class="wrap" aria-label="Site"><a class="brand" href="/"><img src="/assets/icon.svg"
alt="" width="32" height="32">webserv</a><ul><li><a href="/programs">Programs</a></li></ul></nav></header>
<main class="wrap"><p class="eyebrow">A program in Python</p><h1>{title}</h1>
{body}
<p class="gap"><a class="button" href="/programs">Back to the programs</a>
<a class="button" href="/source/form.py">Read the source</a></p></main></body></html>"""


def respond(status, title, body):
    """Writes the whole answer: the status as a header field, an empty line, the page."""
    page = PAGE.format(title=html.escape(title), body=body).encode("utf-8", "replace")
    head = (
        f"Status: {status}\r\n"
        "Content-Type: text/html; charset=utf-8\r\n"
        f"Content-Length: {len(page)}\r\n"
        "Cache-Control: no-store\r\n\r\n"
    )
    sys.stdout.buffer.write(head.encode("ascii") + page)
    sys.stdout.buffer.flush()


def read_body():
    """Exactly CONTENT_LENGTH bytes belong to the request; there need not be an end of file after them."""
    length = os.environ.get("CONTENT_LENGTH", "")
    return sys.stdin.buffer.read(int(length)) if length.isdecimal() else b""


def urlencoded(text):
    return urllib.parse.parse_qsl(
        text, keep_blank_values=True, errors="replace", max_num_fields=FIELDS
    )


def multipart(content_type, body):
    """A multipart body is a mail without its head: give it one and let the mail parser work."""
    if "\r" in content_type or "\n" in content_type:
        raise ValueError("a line break in Content-Type")
    head = f"Content-Type: {content_type}\r\n\r\n".encode("utf-8", "replace")
    message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + body)
    fields = []
    for part in list(message.iter_parts())[:FIELDS]:
        name = part.get_param("name", "", header="content-disposition")
        value = part.get_payload(decode=True) or b""
        if part.get_filename() is None:
            fields.append((str(name), value.decode("utf-8", "replace")))
        else:
            fields.append((str(name), f"file {part.get_filename()}, {len(value)} bytes"))
    return fields


def fields_of_request(body):
    if os.environ.get("REQUEST_METHOD") != "POST":
        return urlencoded(os.environ.get("QUERY_STRING", ""))
    content_type = os.environ.get("CONTENT_TYPE", "")
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/x-www-form-urlencoded":
        return urlencoded(body.decode("utf-8", "replace"))
    if kind == "multipart/form-data":
        return multipart(content_type, body)
    return [("the body", body.decode("utf-8", "replace"))]


def row(name, value):
    shown = value if len(value) <= SHOWN else value[:SHOWN] + "…"
    return f'<tr><th scope="row">{html.escape(name)}</th><td>{html.escape(shown)}</td></tr>'


def main():
    body = read_body()
    try:
        fields = fields_of_request(body)
    except ValueError as error:
        respond("400 Bad Request", "That was no form.", f"<p>{html.escape(str(error))}</p>")
        return
    rows = "".join(row(name, value) for name, value in fields)
    method = html.escape(os.environ.get("REQUEST_METHOD", "?"))
    respond(
        "200 OK",
        "The harbour has read it.",
        f'<p class="lead">{len(fields)} field{"" if len(fields) == 1 else "s"} by {method}, '
        f"{len(body)} bytes of body.</p>"
        f'<div class="panel scroll"><table id="echo">{rows}</table></div>',
    )


main()
