#!/usr/bin/env python3
"""Proxies that can cut a node off from the database. While one is stopped (SIGSTOP), its connections stay open, but nothing
passes, as behind a broken switch.

    cut.py PORT TARGET     a simple proxy: from a port of loopback to the path of a socket
"""

import asyncio
import signal
import socket
import sys
from pathlib import Path

from process import Process, wait_for


class Proxy(Process):
    """A process that passes on what it receives at a port."""

    def __init__(self, name, command, folder, port, environment=None):
        super().__init__(name, command, folder, environment)
        self.port = port

    def start(self):
        super().start()
        wait_for(self.listens, self.name, 60, [self])

    def listens(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def cut(self):
        self.signal(signal.SIGSTOP)

    def join(self):
        self.signal(signal.SIGCONT)


class Simple(Proxy):
    """A proxy without HAProxy."""

    def __init__(self, number, folder, port, target):
        folder.mkdir()
        super().__init__(f"proxy {number}", [sys.executable, Path(__file__).resolve(), port, target], folder, port)


class Side(asyncio.Protocol):
    """One side of a connection. What it receives goes to the other side."""

    def __init__(self, other=None):
        self.other = other
        self.transport = None

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.other.transport.write(data)

    def pause_writing(self):
        self.other.transport.pause_reading()

    def resume_writing(self):
        self.other.transport.resume_reading()

    def connection_lost(self, _):
        if self.other.transport:
            self.other.transport.close()


class Near(Side):
    """The client's side, which opens the other one."""

    def __init__(self, target):
        super().__init__(Side(self))
        self.target = target

    def connection_made(self, transport):
        super().connection_made(transport)
        transport.pause_reading()
        self.opening = asyncio.ensure_future(self.open())

    async def open(self):
        try:
            await asyncio.get_running_loop().create_unix_connection(lambda: self.other, self.target)
        except OSError:
            self.transport.close()
            return
        if self.transport.is_closing():
            self.other.transport.close()
        else:
            self.transport.resume_reading()


async def serve(port, target):
    server = await asyncio.get_running_loop().create_server(lambda: Near(target), "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), sys.argv[2]))
