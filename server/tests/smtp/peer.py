"""A mail server that misbehaves as it is told.

It prints one JSON object a line for everything that happens to it, and reads one a line from its standard
input; when that ends, so does it. Every order is answered with the event `obeyed`.

    {"plans": [PLAN, …]}  what to do with the next connections, one each; the last plan stays
    {"listen": false}     refuse connections; true: take them again, on the same port
    {"go": true}          let go of everything that is held
    {"drop": true}        close all connections, without having read what is still on its way

A plan says at which step of a delivery to do what: {"rcpt": "550 5.1.1 No such user"}. A step that is not
in it goes as it should.

    steps    connect, ehlo, mail, rcpt, data (before it asks for the text), body (after the first line of it),
             dot (after the last), answer (after it has answered to that), quit
    actions  "hold": say nothing until told to go on; "drop": close the connection; else: the answer
    "drip"   instead of a step: seconds between the bytes of all its answers

Whoever has heard the dot has the mail, unless the answer to the dot is a refusal: `dot` says so by `taken`.
"""

import argparse
import asyncio
import email
import email.policy
import json
import logging
import socket
import ssl
import sys
import threading
import warnings

from aiosmtpd.smtp import SMTP, AuthResult


def say(event, **facts):
    print(json.dumps({"event": event, **facts}), flush=True)


class Board:
    """What was ordered, and the connections that there are."""

    def __init__(self):
        self.plans = [{}]
        self.count = 0
        self.connections = set()
        self.held = set()

    def next_plan(self):
        return self.plans.pop(0) if len(self.plans) > 1 else self.plans[0]

    async def hold(self):
        released = asyncio.get_running_loop().create_future()
        self.held.add(released)
        try:
            await released
        finally:
            self.held.discard(released)

    def go(self):
        for released in list(self.held):
            if not released.done():
                released.set_result(None)

    def drop(self):
        for connection in list(self.connections):
            connection.transport.abort()


class Connection(SMTP):
    """One conversation. The steps are looked up before the library answers."""

    def __init__(self, board, options):
        self.board = board
        self.number = 0
        self.plan = {}
        super().__init__(
            self,
            hostname="peer.test",
            ident="ready",
            enable_SMTPUTF8=True,
            tls_context=options.tls,
            auth_required=options.auth,
            auth_require_tls=False,
            authenticator=self.authenticate,
        )

    def tell(self, event, **facts):
        say(event, connection=self.number, **facts)

    async def push(self, status):
        pause = self.plan.get("drip")
        if pause is None:
            return await super().push(status)
        for byte in (status if isinstance(status, bytes) else status.encode()) + b"\r\n":
            self._writer.write(bytes([byte]))
            await self._writer.drain()
            await asyncio.sleep(pause)

    async def close(self):
        self.transport.close()
        self._handler_coroutine.cancel()
        # The cancellation takes effect here.
        await asyncio.sleep(1)

    async def passes(self, step):
        """Whether to go on as usual after what the plan says about this step."""
        action = self.plan.get(step)
        if action == "hold":
            self.tell("held", at=step)
            await self.board.hold()
        elif action == "drop":
            self.tell("dropped", at=step)
            await self.close()
        elif action is not None:
            await self.push(action)
            if step == "connect" or action.startswith("421"):
                await self.close()
            return False
        return True

    def connection_made(self, transport):
        # Again after STARTTLS, on the same connection.
        if self not in self.board.connections:
            self.board.count += 1
            self.number = self.board.count
            self.board.connections.add(self)
            self.plan = self.board.next_plan()
            self.tell("connect")
        else:
            self.tell("tls")
        super().connection_made(transport)

    def connection_lost(self, error):
        if self in self.board.connections:
            self.board.connections.discard(self)
            self.tell("gone")
        super().connection_lost(error)

    async def _handle_client(self):
        try:
            if not await self.passes("connect"):
                return
        except asyncio.CancelledError:
            self.transport.close()
            raise
        await super()._handle_client()

    def authenticate(self, server, session, envelope, mechanism, data):
        login = [data.login.decode(), data.password.decode()]
        self.tell("auth", mechanism=mechanism, login=login)
        return AuthResult(success=login == ["postman", "knocks twice"], handled=False)

    async def smtp_EHLO(self, hostname):
        self.tell("ehlo", name=hostname)
        if await self.passes("ehlo"):
            await super().smtp_EHLO(hostname)

    async def smtp_MAIL(self, arg):
        self.tell("mail", arg=arg)
        if await self.passes("mail"):
            await super().smtp_MAIL(arg)

    async def smtp_RCPT(self, arg):
        self.tell("rcpt", arg=arg)
        if await self.passes("rcpt"):
            await super().smtp_RCPT(arg)

    async def smtp_DATA(self, arg):
        if not await self.passes("data"):
            return
        if "body" in self.plan:
            await self.push("354 Go on")
            await self._reader.readuntil(b"\r\n")
            # What follows stays unread: the reader's buffer holds two lines.
            await self.passes("body")
            await self.close()
        await super().smtp_DATA(arg)
        await self.passes("answer")

    async def smtp_QUIT(self, arg):
        self.tell("quit")
        if await self.passes("quit"):
            await super().smtp_QUIT(arg)

    async def handle_DATA(self, server, session, envelope):
        action = self.plan.get("dot")
        taken = action in (None, "hold", "drop") or action.startswith("2")
        self.tell("dot", taken=taken, **read(envelope))
        answer = "250 2.0.0 Taken as %d" % self.number
        if action not in (None, "hold", "drop"):
            answer = action
        else:
            await self.passes("dot")
        # Before the bytes leave, so that it is told before whatever the client does about it.
        self.tell("answered", answer=answer)
        return answer


def read(envelope):
    """The mail, as another library than the sender's reads it."""
    raw = envelope.original_content
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    parts = {part.get_content_type(): part for part in mail.walk() if not part.is_multipart()}

    def content(kind):
        return parts[kind].get_content() if kind in parts else ""

    return {
        "from": envelope.mail_from,
        "to": envelope.rcpt_tos,
        "message_id": str(mail["message-id"]),
        "subject": str(mail["subject"]),
        "headers": [[name, str(value)] for name, value in mail.items()],
        "defects": [repr(defect) for defect in mail.defects],
        "text": content("text/plain"),
        "html": content("text/html"),
        "raw": raw.decode("latin-1"),
    }


class Listener:
    def __init__(self, make):
        self.make = make
        self.port = 0
        self.server = None
        self.socket = None

    def bind(self):
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(("127.0.0.1", self.port))
        self.port = self.socket.getsockname()[1]

    async def listen(self):
        if self.server is None:
            loop = asyncio.get_running_loop()
            self.server = await loop.create_server(self.make, sock=self.socket)

    def refuse(self):
        if self.server is not None:
            self.server.close()
            self.server = None
            # Bound without listening: nobody else gets the port, and who connects is refused.
            self.bind()


async def main(options):
    loop = asyncio.get_running_loop()
    board = Board()
    listener = Listener(lambda: Connection(board, options))
    listener.bind()
    await listener.listen()

    orders = asyncio.Queue()

    def read_orders():
        for line in sys.stdin:
            loop.call_soon_threadsafe(orders.put_nowait, json.loads(line))
        loop.call_soon_threadsafe(orders.put_nowait, None)

    threading.Thread(target=read_orders, daemon=True).start()
    say("listening", port=listener.port)
    while (order := await orders.get()) is not None:
        if "plans" in order:
            board.plans = order["plans"]
        if order.get("listen") is True:
            await listener.listen()
        if order.get("listen") is False:
            listener.refuse()
        if "go" in order:
            board.go()
        if "drop" in order:
            board.drop()
        say("obeyed")


def certificate(path):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A mail server that misbehaves as it is told.")
    parser.add_argument("--tls", type=certificate, metavar="PEM", help="offer STARTTLS with this certificate")
    parser.add_argument("--auth", action="store_true", help="demand postman with the password 'knocks twice'")
    # The library does not like passwords without TLS, but faults of this file are to be seen.
    warnings.simplefilter("ignore")
    logging.getLogger("mail.log").setLevel(logging.ERROR)
    asyncio.run(main(parser.parse_args()))
