# SPDX-License-Identifier: LGPL-2.1-or-later
"""A chat server for many people, each with a line of their own: `nc HOST PORT`.

  >>> from demos import chat
  >>> chat.serve(5000)
"""
import asyncio
import sys

LONGEST_NAME, LONGEST_LINE = 20, 1000
# Who takes no more than that is told nothing any more, and leaves.
MOST_UNSENT = 64 << 10


class Room:
    def __init__(self, log=print):
        self.people = {}
        self._log = log

    def say(self, text, but=None):
        self._log(text, flush=True)
        for name, writer in list(self.people.items()):
            if name == but:
                continue
            writer.write(text.encode() + b"\r\n")
            if writer.transport.get_write_buffer_size() > MOST_UNSENT:
                writer.transport.abort()

    async def _lines(self, reader):
        """Lines of text until the end."""
        while True:
            try:
                line = await reader.readline()
            except ValueError:  # longer than the reader's limit
                return
            if not line:
                return
            yield "".join(c for c in line.decode("utf-8", "replace") if c.isprintable()).strip()

    async def _enter(self, lines, writer):
        """The name that somebody has chosen; None when they have left."""
        writer.write(b"Your name? ")
        async for name in lines:
            if not 0 < len(name) <= LONGEST_NAME:
                writer.write(f"A name has 1 to {LONGEST_NAME} characters. Your name? ".encode())
            elif name in self.people:
                writer.write(b"That one is here already. Your name? ")
            else:
                return name
        return None

    async def visit(self, reader, writer):
        lines = self._lines(reader)
        name = None
        try:
            name = await self._enter(lines, writer)
            if name is None:
                return
            self.people[name] = writer
            self.say(f"* {name} is here")
            async for line in lines:
                if line == "/quit":
                    break
                if line == "/who":
                    writer.write(("* " + ", ".join(self.people) + "\r\n").encode())
                elif line:
                    self.say(f"<{name}> {line[:LONGEST_LINE]}")
        except OSError:
            pass
        finally:
            if self.people.pop(name, None) is not None:
                self.say(f"* {name} has left")
            writer.close()


async def _serve(port):
    room = Room()
    server = await asyncio.start_server(room.visit, "", port)
    print(f"chatting on port {port}", flush=True)
    async with server:
        await server.serve_forever()


def serve(port=5000):
    try:
        asyncio.run(_serve(port))
    except KeyboardInterrupt:
        print("the room is closed")


if __name__ == "__main__":
    serve(*map(int, sys.argv[1:]))
