"""A listening socket that can be shut in a client's face, or left with a full backlog."""

import asyncio
import errno
import socket
from collections.abc import Awaitable, Callable
from typing import Literal

import h11

from local.simulators.connection import ClientGone, Connection
from local.simulators.steps import Cut

HOST = "127.0.0.1"
BACKLOG = 128

type Gate = Literal["open", "closed", "full"]
type Serve = Callable[[Connection], Awaitable[None]]


class PortTaken(OSError):
    """Somebody else listens there; the message is one line, fit for a terminal."""


class Listener:
    """Accepts connections on a loopback port, each served by a task that dies with the listener."""

    def __init__(self, serve: Serve, port: int = 0) -> None:
        self._serve = serve
        self._socket: socket.socket | None = None
        self._filler: socket.socket | None = None
        self._tasks = set[asyncio.Task[None]]()
        self._connections = set[Connection]()
        self.port = port
        self.gate: Gate = "closed"

    def open(self) -> None:
        """Listen. Raises PortTaken."""
        listening = self._listening(BACKLOG)
        asyncio.get_running_loop().add_reader(listening, self._accept, listening)
        self.gate = "open"

    def close(self) -> None:
        """Refuse connections, and drop those that wait for nothing; the port stays ours."""
        self._bind()
        self.gate = "closed"

    def fill(self) -> None:
        """Let connections hang: nobody accepts, and a connection of our own takes the only place in the backlog."""
        listening = self._listening(0)
        self._filler = socket.create_connection(listening.getsockname())
        self.gate = "full"

    def set(self, gate: Gate) -> None:
        """Be open, closed or full."""
        if gate != self.gate:
            {"open": self.open, "closed": self.close, "full": self.fill}[gate]()

    async def stop(self) -> None:
        """Be gone, with every connection."""
        self._release()
        self.gate = "closed"
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)  # the transports close their sockets in the next round of the loop

    def _bind(self) -> socket.socket:
        """A bound socket that does not listen yet: until it does, the kernel refuses connections."""
        self._release()
        for connection in self._connections:
            if connection.idle:
                connection.cut(Cut.CLOSED)
        bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        bound.setblocking(False)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # asyncio does this only for sockets that it makes itself; without it a body waits 40 ms behind its head.
        bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = bound
        try:
            bound.bind((HOST, self.port))
        except OSError as error:
            self._release()
            raise self._taken(error) from None
        self.port = bound.getsockname()[1]
        return bound

    def _listening(self, backlog: int) -> socket.socket:
        bound = self._bind()
        try:
            bound.listen(backlog)
        except OSError as error:
            self._release()
            raise self._taken(error) from None
        return bound

    def _taken(self, error: OSError) -> OSError:
        if error.errno != errno.EADDRINUSE:
            return error
        return PortTaken(f"port {self.port} is in use: stop what listens there, or choose another port")

    def _release(self) -> None:
        if self._socket:
            asyncio.get_running_loop().remove_reader(self._socket)
            self._socket.close()
        if self._filler:
            self._filler.close()
        self._socket = self._filler = None

    def _accept(self, listening: socket.socket) -> None:
        try:
            accepted, _ = listening.accept()
        except OSError:  # the client left before we looked
            return
        task = asyncio.get_running_loop().create_task(self._converse(accepted))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _converse(self, accepted: socket.socket) -> None:
        connection = Connection(*await asyncio.open_connection(sock=accepted))
        self._connections.add(connection)
        try:
            await self._serve(connection)
        except (ConnectionError, ClientGone, h11.RemoteProtocolError):
            pass  # the client left, or speaks no HTTP: nobody is there to be told
        finally:
            self._connections.discard(connection)
            connection.end()
