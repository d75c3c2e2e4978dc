#!/usr/bin/python3
"""A CGI program that remembers: a random number in a cookie names a small file with a count."""

import fcntl
import http.cookies
import os
import re
import secrets
import stat
import tempfile
import time

COOKIE = "webserv_visitor"
LIFE = 24 * 60 * 60  # seconds that a count is kept
MOST = 1000  # counts kept at once, so that nobody fills the disk

PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Your visits · webserv</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="/assets/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/assets/site.css"></head><body>
<header class="top"><nav class="wrap" aria-label="Site"><a class="brand" href="/"><img src="/assets/icon.svg"
alt="" width="32" height="32">webserv</a><ul><li><a href="/programs">Programs</a></li></ul></nav></header>
<main class="wrap"><p class="eyebrow">A session</p><h1>Visit number <span id="count">{count}</span>.</h1>
<p class="lead">{remark} The count is kept for a day, under the random number in your cookie.</p>
<form method="post" class="row"><a class="button main" href="/cgi-bin/counter.py">Come again</a>
<button>Forget me</button> <a class="button" href="/source/counter.py">Read the source</a></form>
</main></body></html>"""


def state_directory():
    """Ours alone: made with mode 0700, and refused if somebody else had the idea first."""
    path = os.path.join(tempfile.gettempdir(), f"webserv-counter-{os.getuid()}")
    try:
        os.mkdir(path, 0o700)
    except FileExistsError:
        found = os.lstat(path)
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
            raise PermissionError(f"{path} is not a private directory of ours") from None
    return path


def visitor():
    """The number from the cookie, or None. Only what we could have made ourselves becomes a file name."""
    try:
        cookie = http.cookies.SimpleCookie(os.environ.get("HTTP_COOKIE", "")).get(COOKIE)
    except http.cookies.CookieError:
        return None
    return cookie.value if cookie and re.fullmatch("[0-9a-f]{32}", cookie.value) else None


def sweep(directory):
    """Deletes what is too old, and the oldest beyond MOST."""
    found = []
    for entry in os.scandir(directory):
        try:
            found.append((entry.stat(follow_symlinks=False).st_mtime, entry.path))
        except FileNotFoundError:
            pass
    found.sort(reverse=True)
    for place, (changed, path) in enumerate(found):
        if place >= MOST or changed < time.time() - LIFE:
            forget(path)


def forget(path):
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass


def count_visit(path):
    """Two requests at once must not both count from the same number: the file is locked meanwhile."""
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags, 0o600), "r+", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        text = file.read()
        count = int(text) + 1 if text.isdecimal() else 1
        file.seek(0)
        file.write(str(count))
        file.truncate()
    return count


def respond(fields, page=""):
    body = page.encode()
    lines = [*fields, f"Content-Length: {len(body)}", "Cache-Control: no-store", "", ""]
    os.write(1, "\r\n".join(lines).encode("ascii") + body)


def cookie_field(name, life):
    return f"Set-Cookie: {COOKIE}={name}; Path=/cgi-bin/; Max-Age={life}; HttpOnly; SameSite=Lax"


def main():
    directory = state_directory()
    name = visitor()
    if os.environ.get("REQUEST_METHOD") == "POST":
        if name:
            forget(os.path.join(directory, name))
        respond(["Status: 303 See Other", "Location: /programs", cookie_field("", 0)])
        return
    known = name is not None
    name = name or secrets.token_hex(16)
    sweep(directory)
    count = count_visit(os.path.join(directory, name))
    remark = "Welcome back." if known else "You are new here."
    respond(
        ["Content-Type: text/html; charset=utf-8", cookie_field(name, LIFE)],
        PAGE.format(count=count, remark=remark),
    )


main()
