"""A mail server that accepts everything after a moment, and remembers which node sent what.

Each node has a port of its own, so the port of a copy tells which node sent it.
"""

import asyncio
import collections
import email
import email.policy
import random
import re
import threading
import time

# Seconds between the final dot and the answer: a killed node does not know then whether its mail was taken.
ANSWER = (0.0, 0.3)

# `at` is when the text was complete, by time.monotonic().
Copy = collections.namedtuple("Copy", "id text node at")


class MailServer:
    def __init__(self, ports):
        self.ports = ports
        self.copies = []
        self.lock = threading.Lock()
        self.chance = random.Random(17)
        self.loop = asyncio.new_event_loop()
        self.listening = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def __enter__(self):
        self.thread.start()
        if not self.listening.wait(30):
            raise RuntimeError("the mail server does not listen")
        return self

    def __exit__(self, *_):
        self.loop.call_soon_threadsafe(self.ended.set)
        self.thread.join()

    def run(self):
        self.loop.run_until_complete(self.serve())

    async def serve(self):
        self.ended = asyncio.Event()
        servers = [
            await asyncio.start_server(lambda reader, writer, node=node: self.accept(node, reader, writer), "127.0.0.1", port)
            for node, port in enumerate(self.ports)
        ]
        self.listening.set()
        await self.ended.wait()
        for server in servers:
            server.close()

    async def accept(self, node, reader, writer):
        try:
            await self.talk(node, reader, writer)
        except (OSError, EOFError, asyncio.LimitOverrunError):
            pass
        finally:
            writer.close()

    async def talk(self, node, reader, writer):
        """One session (RFC 5321)."""
        await say(writer, "220 mail.example.com")
        while line := await reader.readline():
            verb = line[:4].upper()
            if verb in (b"EHLO", b"HELO"):
                await say(writer, "250 mail.example.com")
            elif verb == b"DATA":
                await say(writer, "354 go on")
                text = await reader.readuntil(b"\r\n.\r\n")
                self.take(node, text)
                await asyncio.sleep(self.chance.uniform(*ANSWER))
                await say(writer, "250 taken")
            elif verb == b"QUIT":
                await say(writer, "221 bye")
                return
            else:
                await say(writer, "250 ok")

    def take(self, node, text):
        at = time.monotonic()
        message = email.message_from_bytes(text.replace(b"\r\n..", b"\r\n."), policy=email.policy.default)
        body = message.get_body(("plain",)).get_content()
        with self.lock:
            self.copies.append(Copy(message["Message-ID"].strip("<> "), body, node, at))

    def by_id(self):
        """The copies of each mail, in their order."""
        with self.lock:
            found = {}
            for copy in self.copies:
                found.setdefault(copy.id, []).append(copy)
            return found


async def say(writer, line):
    writer.write(f"{line}\r\n".encode())
    await writer.drain()


def access_keys(text):
    return set(re.findall(r"Access key: (kh_\w{16})", text))
