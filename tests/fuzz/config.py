#!/usr/bin/env python3
"""Mutates a configuration and lets `webserv -t` read it: it must say 0 or 2, at once and without a word
from a sanitizer.

usage: config.py BINARY SECONDS [SEED]

Prints how many files were read. A file that fails is kept as fuzz-config-failed.conf, and the seed is told."""

import os
import random
import subprocess
import sys
import tempfile
import time

SOURCES = ["conf/default.conf", "conf/static.conf", "conf/spa.conf", "conf/upload.conf", "conf/git.conf",
           "tests/conf/good/everything.conf"]
BYTES = [b"\0", b"{", b"}", b";", b'"', b"'", b"\\", b"$", b"${", b"#", b"\n", b"\r\n", b" ", b"\xff",
         b"\xef\xbb\xbf", b"@", b"~", b"~*", b"=", b"^~", b"*", b"../", b"%", b"0", b"-1", b"99999999999999999999",
         b"1k", b"1h30m", b"on", b"off", b"auto", b"all", b"::1", b"[::]:1", b"unix:", b"http://"]
PATIENCE = 5  # seconds that one file may take


def words_of(text):
    return [w for w in text.replace(b";", b" ").replace(b"{", b" ").replace(b"}", b" ").split() if w]


def cut(random, text, words, name):
    a, b = sorted((random.randrange(len(text) + 1), random.randrange(len(text) + 1)))
    return text[:a] + text[b:]


def truncate(random, text, words, name):
    return text[:random.randrange(len(text) + 1)]


def insert(random, text, words, name):
    at = random.randrange(len(text) + 1)
    return text[:at] + random.choice(BYTES) * random.choice((1, 1, 1, 2, 300)) + text[at:]


def flip(random, text, words, name):
    if not text:
        return text
    at = random.randrange(len(text))
    return text[:at] + bytes([random.randrange(256)]) + text[at + 1:]


def swap_word(random, text, words, name):
    old = random.choice(words)
    at = text.find(old, random.randrange(len(text) + 1))
    return text if at < 0 else text[:at] + random.choice(words) + text[at + len(old):]


def repeat_lines(random, text, words, name):
    lines = text.split(b"\n")
    a = random.randrange(len(lines))
    b = min(len(lines), a + random.randrange(1, 12))
    at = random.randrange(len(lines) + 1)
    return b"\n".join(lines[:at] + lines[a:b] * random.choice((1, 1, 2, 40)) + lines[at:])


def drop_line(random, text, words, name):
    lines = text.split(b"\n")
    del lines[random.randrange(len(lines))]
    return b"\n".join(lines)


def include_itself(random, text, words, name):
    lines = text.split(b"\n")
    lines.insert(random.randrange(len(lines) + 1), b"include " + name + b";")
    return b"\n".join(lines)


def nest(random, text, words, name):
    at = random.randrange(len(text) + 1)
    return text[:at] + b"location /a { " * random.choice((1, 5, 200)) + text[at:]


MUTATIONS = [cut, truncate, insert, insert, flip, flip, swap_word, swap_word, swap_word, repeat_lines, drop_line,
             include_itself, nest]


def run(binary, path):
    """None, or what is wrong."""
    try:
        done = subprocess.run([binary, "-t", path], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        return f"no answer within {PATIENCE} s"
    if done.returncode not in (0, 2):
        return f"exit status {done.returncode}\n" + done.stderr.decode(errors="replace")[-4000:]
    if b"Sanitizer" in done.stderr or b"runtime error" in done.stderr:
        return done.stderr.decode(errors="replace")[-4000:]
    return None


def main():
    binary, seconds = sys.argv[1], float(sys.argv[2])
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else int(time.time())
    rng = random.Random(seed)
    texts = [open(s, "rb").read() for s in SOURCES]
    words = sorted({w for t in texts for w in words_of(t)})
    runs, accepted, end = 0, 0, time.monotonic() + seconds
    with tempfile.TemporaryDirectory() as room:
        path = os.path.join(room, "x.conf")
        while time.monotonic() < end:
            # The default site's file is what most people begin from: every other run.
            text = texts[0] if rng.random() < 0.5 else rng.choice(texts)
            for _ in range(rng.choice((1, 1, 2, 3, 8))):
                text = rng.choice(MUTATIONS)(rng, text, words, path.encode())
            with open(path, "wb") as f:
                f.write(text)
            wrong = run(binary, path)
            if wrong:
                with open("fuzz-config-failed.conf", "wb") as f:
                    f.write(text)
                sys.exit(f"seed {seed}, run {runs}: {wrong}\nthe file is kept as fuzz-config-failed.conf")
            runs += 1
    print(f"{runs} configurations read, seed {seed}: none but 0 or 2 was the exit status")


main()
