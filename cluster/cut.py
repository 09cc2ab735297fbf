"""A TCP proxy that can cut its connections off: they stay open, but nothing passes, as behind a broken switch."""

import asyncio
import threading


class Proxy:
    def __init__(self, port, target):
        self.port = port
        self.target = target
        self.loop = asyncio.new_event_loop()
        self.whole = None
        self.listening = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()
        if not self.listening.wait(5):
            raise RuntimeError(f"the proxy does not listen on {port}")

    def run(self):
        self.loop.run_until_complete(self.serve())

    async def serve(self):
        self.whole = asyncio.Event()
        self.whole.set()
        self.ended = asyncio.Event()
        async with await asyncio.start_server(self.accept, "127.0.0.1", self.port):
            self.listening.set()
            await self.ended.wait()

    async def accept(self, reader, writer):
        try:
            await self.whole.wait()
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.close()
            return
        await asyncio.gather(self.pass_on(reader, far_writer), self.pass_on(far_reader, writer))

    async def pass_on(self, reader, writer):
        try:
            while piece := await reader.read(65536):
                await self.whole.wait()
                writer.write(piece)
                await writer.drain()
        except OSError:
            pass
        finally:
            await self.whole.wait()
            writer.close()

    def cut(self):
        self.loop.call_soon_threadsafe(self.whole.clear)

    def join(self):
        self.loop.call_soon_threadsafe(self.whole.set)

    def close(self):
        self.join()
        self.loop.call_soon_threadsafe(self.ended.set)
