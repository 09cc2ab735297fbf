"""Requests to one node, as many at once as there are tasks, on kept connections."""

import asyncio
import contextlib
import time

from members import FORM, MOST_IDLE


class Node:
    def __init__(self, port):
        self.port = port
        # Open connections without a request, with the instant of the last one.
        self.idle = []

    async def verify(self, access_key, secret_key):
        """The status of /verify, or 0 without an answer."""
        request = self.verification(access_key, secret_key)
        status, kept = await self.ask(request)
        if status == 0 and kept:
            # The node has closed the connection, or was killed and started again.
            status, _ = await self.ask(request, fresh=True)
        return status

    async def verify_once(self, access_key, secret_key):
        """The status of /verify, 0 without a connection, or none if there was one, but no answer: then it may have counted."""
        connected = self.idle or await self.connect()
        if not connected:
            return 0
        status, _ = await self.ask(self.verification(access_key, secret_key))
        return status or None

    def verification(self, access_key, secret_key):
        host = f"127.0.0.1:{self.port}"
        return f"GET /verify HTTP/1.1\r\nHost: {host}\r\nX-API-Key: {access_key}.{secret_key}\r\n\r\n".encode()

    async def connect(self):
        """Opens one more connection, and returns whether that was possible."""
        try:
            self.idle.append((time.monotonic(), await asyncio.open_connection("127.0.0.1", self.port)))
        except OSError:
            return False
        return True

    async def call(self, member, function, body):
        """The status of a server function, or 0 without an answer: then it may have run."""
        head = (
            f"POST /fn/{function} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nContent-Type: {FORM}\r\n"
            f"Accept: application/json\r\nX-Forwarded-For: {member.address}\r\nCookie: {member.cookie()}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        status, _ = await self.ask(head.encode() + body.encode())
        return status

    async def ask(self, request, fresh=False):
        """Returns the status, and whether the connection had been used before."""
        connection = None if fresh else self.take()
        kept = connection is not None
        try:
            if not kept:
                connection = await asyncio.open_connection("127.0.0.1", self.port)
            reader, writer = connection
            writer.write(request)
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            if b"transfer-encoding: chunked" in head:
                while (await reader.readuntil(b"\r\n")) != b"0\r\n":
                    await reader.readuntil(b"\r\n")
                await reader.readuntil(b"\r\n")
            elif b"\r\ncontent-length:" in head:
                length = int(head.split(b"\r\ncontent-length:")[1].split(b"\r\n")[0])
                await reader.readexactly(length)
        except (OSError, EOFError, asyncio.LimitOverrunError):
            if connection:
                connection[1].close()
            return 0, kept
        if b"connection: close" in head:
            writer.close()
        else:
            self.idle.append((time.monotonic(), connection))
        return int(head[9:12]), kept

    def take(self):
        while self.idle:
            used, connection = self.idle.pop()
            if time.monotonic() - used < MOST_IDLE and not connection[1].is_closing():
                return connection
            connection[1].close()
        return None

    def close(self):
        for _, (_, writer) in self.idle:
            # Its loop may have ended.
            with contextlib.suppress(RuntimeError):
                writer.close()
        self.idle = []
