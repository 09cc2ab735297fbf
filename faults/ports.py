"""The ports of servers that are stopped and started again."""

import random
import socket

# Systems take the ports of outgoing connections from 32768 on (Linux) or later, and one of those may be gone before its server
# starts, again or at all.
FIRST, END = 12_000, 32_000

last = random.randrange(FIRST, END)


def free_port():
    """Returns a port of loopback where nothing listens, each time another."""
    global last
    while True:
        last = last + 1 if last + 1 < END else FIRST
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", last))
            except OSError:
                continue
        return last
