"""Doors: where the programs of users come in, over TCP.

A `TcpDoor` listens on one port of several hosts and hands out `TcpStream`s. It has nothing to do with the
`Network` between nodes.

`TcpStream` is a byte stream as trio's are, made for many short exchanges: each `receive_some` waits for the
socket once, without trying in vain first, and `send_all` tries at once. An exchange is one trip through the scheduler
instead of trio.SocketStream's three: a bare echo takes 15 µs instead of 35 at 16 connections. So `receive_some`
is a checkpoint and `send_all` one only when the peer does not keep up; one task may receive and one send.
"""

import errno
import ipaddress
import socket
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import trio

LOOPBACK_HOSTS: Final = ("127.0.0.1", "::1")

_BACKLOG: Final = 1_024  # clients may all come at once; the kernel trims it to its own limit
_ACCEPT_PAUSE_S: Final = 0.1  # what trio waits when there are no file descriptors left
_OUT_OF_RESOURCES: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS})
_NO_IPV6: Final = frozenset({errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL})
_PORT_TRIES: Final = 32
"""How often to look for a port that is free on all hosts. A port that the kernel gives for one is seldom taken on another."""


class TcpStream:
    """One connection."""

    __slots__ = ("_socket",)

    def __init__(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        connection.setsockopt(
            socket.IPPROTO_TCP, socket.TCP_NODELAY, 1
        )  # answers are whole: nothing to wait for
        self._socket = connection

    async def receive_some(self, max_bytes: int) -> bytes:
        """Wait for bytes and return them; `b""` when the peer has no more. Raises `trio.BrokenResourceError`."""
        while True:
            await trio.lowlevel.wait_readable(self._socket)
            try:
                return self._socket.recv(max_bytes)
            except BlockingIOError:  # woken for nothing
                continue
            except OSError as error:
                raise trio.BrokenResourceError from error

    async def send_all(self, data: bytes) -> None:
        """Hand all bytes to the kernel, waiting only while it takes none. Raises `trio.BrokenResourceError`."""
        sent = self._send(data)
        if sent < len(data):
            await self._send_rest(memoryview(data)[sent:])

    async def _send_rest(self, rest: memoryview) -> None:
        while rest:
            await trio.lowlevel.wait_writable(self._socket)
            rest = rest[self._send(rest) :]

    def _send(self, data: bytes | memoryview) -> int:
        try:
            return self._socket.send(data)
        except BlockingIOError:
            return 0
        except OSError as error:
            raise trio.BrokenResourceError from error

    async def send_eof(self) -> None:
        """Tell the peer that nothing follows; receiving goes on."""
        try:
            self._socket.shutdown(socket.SHUT_WR)
        except OSError as error:
            raise trio.BrokenResourceError from error

    async def aclose(self) -> None:
        """Close the connection. Safe to call twice; not a checkpoint."""
        self.close()

    def close(self) -> None:
        """Close the connection. Whoever waits for it gets `trio.ClosedResourceError`."""
        if self._socket.fileno() != -1:
            trio.lowlevel.notify_closing(self._socket)
            self._socket.close()


class TcpDoor:
    """Listening sockets on one port. `serve` takes connections; `close` gives the port back."""

    def __init__(self, listeners: Sequence[socket.socket]) -> None:
        self._listeners = tuple(listeners)

    def __repr__(self) -> str:
        return f"<TcpDoor {' '.join(self.addresses)}>"

    @property
    def port(self) -> int:
        """The port, the same on all hosts."""
        port = self._listeners[0].getsockname()[1]
        assert isinstance(port, int)
        return port

    @property
    def addresses(self) -> list[str]:
        """Where one may knock: `127.0.0.1:8000`, `[::1]:8000`."""
        names = [listener.getsockname()[:2] for listener in self._listeners]
        return [f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host, port in names]

    @property
    def exposed(self) -> bool:
        """Whether other machines can reach the door."""
        hosts = [str(listener.getsockname()[0]) for listener in self._listeners]
        return not all(ipaddress.ip_address(host.partition("%")[0]).is_loopback for host in hosts)

    async def serve(self, take: Callable[[TcpStream], None]) -> None:
        """Give each connection to `take`, until cancelled. The door is closed then."""
        try:
            async with trio.open_nursery() as nursery:
                for listener in self._listeners:
                    nursery.start_soon(_accept, listener, take)
        finally:
            self.close()

    def close(self) -> None:
        """Stop listening. Safe to call twice. Connections that were taken stay."""
        for listener in self._listeners:
            if listener.fileno() != -1:
                trio.lowlevel.notify_closing(listener)
                listener.close()


async def open_door(hosts: Iterable[str] = LOOPBACK_HOSTS, port: int = 0) -> TcpDoor:
    """Listen on `port` of all `hosts`; 0 finds a port that is free on all of them.

    A machine without IPv6 may be asked for `::1` beside others. Raises `OSError`, whose `strerror` is
    one line for a person, when the port is taken or a host is not this machine's.
    """
    addresses = [address for host in hosts for address in await _resolve(host, port)]
    for tries_left in reversed(range(_PORT_TRIES)):
        try:
            return TcpDoor(_listen(addresses, port))
        except OSError as error:
            if port != 0 or error.errno != errno.EADDRINUSE or not tries_left:
                raise
    raise AssertionError("the last try returns or raises")


_Address = tuple[socket.AddressFamily, str]


async def _resolve(host: str, port: int) -> list[_Address]:
    try:
        found = await trio.socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except socket.gaierror as error:
        raise OSError(errno.EADDRNOTAVAIL, f"cannot listen on {host}: {error.strerror}") from error
    return list(dict.fromkeys((family, str(address[0])) for family, _, _, _, address in found))


def _listen(addresses: Sequence[_Address], port: int) -> list[socket.socket]:
    listeners: list[socket.socket] = []
    refusal: OSError | None = None
    for family, host in addresses:
        try:
            listeners.append(_listener(family, host, port))
        except OSError as error:
            if family != socket.AF_INET6 or error.errno not in _NO_IPV6:
                _close_all(listeners)
                raise
            refusal = error
        else:
            port = listeners[-1].getsockname()[1]
    if not listeners:
        raise refusal or OSError(errno.EINVAL, "no host to listen on")
    return listeners


def _listener(family: socket.AddressFamily, host: str, port: int) -> socket.socket:
    listener = None
    try:
        listener = socket.socket(family, socket.SOCK_STREAM)
        # A port whose last connections linger in TIME_WAIT is free; one that somebody listens on is not.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)  # 0.0.0.0 has its own socket
        listener.bind((host, port))
        listener.listen(_BACKLOG)
        listener.setblocking(False)
    except OSError as error:
        if listener is not None:
            listener.close()
        raise OSError(error.errno, _why(error, host, port)) from error
    return listener


def _why(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} on {host} is taken"
    return f"cannot listen on port {port} of {host}: {error.strerror}"


def _close_all(listeners: Iterable[socket.socket]) -> None:
    for listener in listeners:
        listener.close()


async def _accept(listener: socket.socket, take: Callable[[TcpStream], None]) -> None:
    while True:
        await trio.lowlevel.wait_readable(listener)
        try:
            connection, _ = listener.accept()
        except OSError as error:
            # Connections that died before they were taken are no concern of the door's.
            if error.errno in _OUT_OF_RESOURCES:
                await trio.sleep(_ACCEPT_PAUSE_S)
            continue
        try:
            stream = TcpStream(connection)
        except OSError:  # died while being taken
            connection.close()
            continue
        take(stream)
