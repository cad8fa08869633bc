"""A proxy between a mount and its service, which misbehaves as networks do."""

import asyncio
import random
import socket
import struct
import threading
from dataclasses import dataclass

from settings import BenchError

_PIECE = 65_536
# Where connections go wrong: at once, within the head, within a block, later.
_PLACES = (0, 1, 40, 300, 5000, 70_000, 131_072, 300_000)


@dataclass(frozen=True)
class Way:
    """How connections misbehave; `share` of them do, each at a place of its own."""

    name: str  # one of those below
    share: float = 1.0


# Nothing is answered, not even that the connection is closed.
HALF_OPEN = "half-open"
# Answers go on with a byte a second.
DRIP = "drip"
# The connection is reset when the head of the first answer has come.
RESET_AFTER_HEAD = "reset after the head"
# The connection is reset.
RESET = "reset"
# Bytes come twice.
DUPLICATE = "duplicate"
# The connection is closed, within TLS without a word.
CUT = "cut"
# Nothing comes any more in either direction, and the connection stays.
VANISH = "vanish"
WAYS = (HALF_OPEN, DRIP, RESET_AFTER_HEAD, RESET, DUPLICATE, CUT, VANISH)


class Proxy:
    """Forwards connections for the `with` block, on a port that stays the same while it is stopped and started."""

    def __init__(self, chaos, name, target, tls=None):
        self._chaos = chaos
        self._name = name
        self._target = target  # host and port
        self._tls = tls  # of the side to the mount, where it is to end here
        self._random = random.Random(chaos.seed())
        self._ways = ()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._listener = None
        self._connections = set()
        self._count = 0
        self.port = 0

    def __enter__(self):
        self._thread.start()
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def misbehave(self, *ways):
        """Has connections misbehave from now on, those that are there as well; none, where nothing is given."""
        self._chaos.note("proxy", proxy=self._name, ways=[f"{way.name} {way.share:g}" for way in ways])
        self._on_loop(self._change(ways))

    def start(self):
        """Takes connections."""
        self._on_loop(self._listen())

    def stop(self):
        """Takes no more connections, and resets those that there are, as a service does that has ended."""
        self._on_loop(self._close())

    def _on_loop(self, coroutine):
        try:
            return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(30)
        except TimeoutError as error:
            raise BenchError(f"the proxy {self._name} doesn't answer") from error

    async def _change(self, ways):
        self._ways = ways
        for connection in list(self._connections):
            connection.way = self._chosen()

    async def _listen(self):
        if self._listener is None:
            self._listener = await asyncio.start_server(
                self._serve, "127.0.0.1", self.port, ssl=self._tls, reuse_address=True, backlog=1000)
            self.port = self._listener.sockets[0].getsockname()[1]

    async def _close(self):
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        connections = list(self._connections)
        for connection in connections:
            connection.task.cancel()
        await asyncio.gather(*(connection.task for connection in connections), return_exceptions=True)

    def _chosen(self):
        """The way of a connection, or none."""
        for way in self._ways:
            if self._random.random() < way.share:
                return way.name
        return None

    async def _serve(self, reader, writer):
        self._count += 1
        place = self._random.choice(_PLACES)
        connection = _Connection(reader, writer, self._random.randrange(place + 1), self._random.randint(1, 3000))
        connection.way = self._chosen()
        connection.task = asyncio.current_task()
        connection.tell = lambda: self._chaos.note(
            "connection", proxy=self._name, number=self._count, way=connection.way, place=connection.place)
        self._connections.add(connection)
        try:
            await connection.run(self._target)
        except (OSError, asyncio.CancelledError, asyncio.IncompleteReadError):
            pass
        finally:
            self._connections.discard(connection)
            connection.abort()


class _Connection:
    """One connection of a mount's, and the one to the service that it leads to."""

    def __init__(self, reader, writer, place, repeated):
        self.way = None
        self.task = None
        self.tell = None
        self.place = place
        self._reader, self._writer = reader, writer
        self._repeated = repeated
        # While they are there: a transport that is closed knows its socket no more.
        self._sockets = [writer.get_extra_info("socket")]
        self._upstream = None
        self._sent = 0
        self._head = b""
        self._told = False

    async def run(self, target):
        if self.way == HALF_OPEN:
            self._tell()
            await self._hang()
        reader, self._upstream = await asyncio.open_connection(*target)
        self._sockets.append(self._upstream.get_extra_info("socket"))
        upward = asyncio.ensure_future(self._upward())
        try:
            await self._downward(reader)
        finally:
            upward.cancel()

    def abort(self):
        """Resets both connections."""
        for sock in self._sockets:
            if sock is not None and sock.fileno() >= 0:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        for writer in (self._writer, self._upstream):
            if writer is not None:
                writer.transport.abort()

    def _tell(self):
        if not self._told:
            self._told = True
            self.tell()

    async def _hang(self):
        """Waits until the way has changed, then resets."""
        way = self.way
        while self.way == way:
            await asyncio.sleep(0.1)
        raise ConnectionResetError

    async def _upward(self):
        while piece := await self._reader.read(_PIECE):
            if self.way in (VANISH, HALF_OPEN) and self._sent > self.place:
                return
            self._upstream.write(piece)
            await self._upstream.drain()
        self._upstream.write_eof()

    async def _downward(self, reader):
        while piece := await reader.read(_PIECE):
            await self._forward(piece)
        self._writer.close()

    async def _forward(self, piece):
        # What comes before the place is sent as it came.
        if self.way == RESET_AFTER_HEAD:
            self._head += piece
            end = self._head.find(b"\r\n\r\n")
            left = len(piece) if end < 0 else max(0, end + 4 - (len(self._head) - len(piece)))
            ends = end >= 0
        else:
            left = len(piece) if self.way is None else max(0, min(len(piece), self.place - self._sent))
            ends = left < len(piece)
        await self._send(piece[:left])
        if not ends:
            return
        self._tell()
        await self._misbehave(piece[:left], piece[left:])

    async def _misbehave(self, before, rest):
        way = self.way
        if way in (RESET, RESET_AFTER_HEAD):
            # What is in the buffers goes first: a reset would overtake it.
            await asyncio.sleep(0.05)
            raise ConnectionResetError
        if way == CUT:
            self._close_orderly()
            raise ConnectionResetError
        if way == DUPLICATE:
            self.place = 1 << 60
            await self._send((before[-self._repeated:] or rest[:self._repeated]) + rest)
        elif way == DRIP:
            for number in range(len(rest)):
                if self.way != DRIP:
                    await self._send(rest[number:])
                    return
                await self._send(rest[number:number + 1])
                await asyncio.sleep(1)
        elif way is None:
            await self._send(rest)
        else:
            await self._hang()

    async def _send(self, piece):
        if piece:
            self._sent += len(piece)
            self._writer.write(piece)
            await self._writer.drain()

    def _close_orderly(self):
        sock = self._sockets[0]
        if sock is not None and sock.fileno() >= 0:
            sock.shutdown(socket.SHUT_WR)
