#!/bin/sh
# A local redirect (RFC 3875 section 6.2.2): the server answers with that page itself.

printf 'Location: /files/log-of-the-day.txt\n\n'
