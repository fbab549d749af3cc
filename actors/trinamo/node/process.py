"""A process that serves one cluster: the door, the server, the signals, and the order in which they come and go.

    read --init and --auth → open the door → start the cluster → make what --init says → ready → serve
    signal → no more connections, what is in flight is answered → the cluster ends → return

1. The port is taken before any data is touched, so that a start in vain changes nothing; whoever knocks
   before the cluster is ready waits in the kernel's queue.
2. What the user can put right (a port, a directory, a file) is a `StartFailed` of one line. All else is ours.
3. The first signal stops in good order, within `STOP_GRACE_S` and what the nodes need to close their stores;
   a second one, or one before the cluster was ready, stops at once.
"""

import gc
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Final

import trio

from trinamo.base import StorageError
from trinamo.gateway.calls import CallServer, Desk
from trinamo.gateway.control import ControlPolicy, ControlRouter
from trinamo.gateway.http import Admission, HttpServer
from trinamo.gateway.http.sigv4 import Credentials
from trinamo.node.cluster import Cluster
from trinamo.node.config import Config
from trinamo.node.initial import Founder, InitialTable, read_initial
from trinamo.world.door import TcpDoor, open_door

STOP_GRACE_S: Final = (
    1.0  # of the two seconds in which a signal ends the process; the rest is for closing stores
)


class StartFailed(Exception):
    """The cluster cannot be started like this; `str(error)` is one line for the user."""


async def serve(
    config: Config,
    hosts: Sequence[str],
    port: int,
    tcp_port: int | None,
    init: Path | None,
    control_token: str | None,
    ready: Callable[[str], None],
) -> None:
    """Serve a cluster until SIGINT or SIGTERM. Raises `StartFailed`.

    `tcp_port` is where calls are taken (`trinamo.gateway.calls`), None for nowhere. `ready` is called with the line that says
    where it serves.
    """
    tables = _read(init)
    credentials = _read_credentials(config.auth)
    doors = [await _open(hosts, port)]
    try:
        if tcp_port is not None:
            doors.append(await _open(hosts, tcp_port))
        policy = _policy(doors[0], hosts, control_token)
        with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
            await _run(config, doors[0], doors[1:], policy, credentials, tables, signals, ready)
    except BaseExceptionGroup as group:
        raise _alone(group) from group
    finally:
        for door in doors:
            door.close()


async def _run(
    config: Config,
    door: TcpDoor,
    call_doors: Sequence[TcpDoor],
    policy: ControlPolicy,
    credentials: Credentials | None,
    tables: Sequence[InitialTable],
    signals: AsyncIterator[int],
    ready: Callable[[str], None],
) -> None:
    cluster = Cluster(config)
    admission = Admission(cluster.clock, region=config.region, credentials=credentials)
    control = ControlRouter(cluster, policy, lambda: server.statistics())
    server = HttpServer(
        cluster.clock,
        cluster.random,
        admission,
        cluster.handle,
        control.answer,
        newer_wording=config.wording == "newer",
    )
    desk = Desk(cluster.handle, region=config.region, newer_wording=config.wording == "newer")
    calls = CallServer(cluster.clock, cluster.random, desk, credentials=credentials)
    serving = trio.Event()
    async with trio.open_nursery() as process:
        process.start_soon(_stop_on_signal, signals, (server, calls), serving, process.cancel_scope)
        await _start(cluster, process)
        await _make(tables, Founder(cluster.handle, cluster.clock, config.region))
        gc.freeze()  # modules, classes and nodes stay: the collector need not walk them again
        gc.enable()  # whoever calls may have switched it off for the start
        serving.set()
        where = "".join(f", calls at tcp://{other.addresses[0]}" for other in call_doors)
        ready(f"trinamo ready: http://{door.addresses[0]} ({config.summary}{where})")
        async with trio.open_nursery() as servers:
            servers.start_soon(server.serve, door)
            if call_doors:
                servers.start_soon(calls.serve, *call_doors)
        process.cancel_scope.cancel()


async def _stop_on_signal(
    signals: AsyncIterator[int],
    servers: Sequence[HttpServer | CallServer],
    serving: trio.Event,
    everything: trio.CancelScope,
) -> None:
    stopping = False
    async for _ in signals:
        if stopping or not serving.is_set():
            everything.cancel()
        stopping = True
        for server in servers:
            server.stop(STOP_GRACE_S)


# What can go wrong at a start.


def _read(init: Path | None) -> list[InitialTable]:
    try:
        return [] if init is None else read_initial(init)
    except ValueError as error:
        raise StartFailed(str(error)) from error


def _read_credentials(auth: Path | None) -> Credentials | None:
    if auth is None:
        return None
    from trinamo.node.credentials import read_credentials  # 5 ms of a start, only for those who need it

    try:
        return read_credentials(auth)
    except ValueError as error:
        raise StartFailed(str(error)) from error


async def _open(hosts: Sequence[str], port: int) -> TcpDoor:
    try:
        return await open_door(hosts, port)
    except OSError as error:
        raise StartFailed(error.strerror or str(error)) from error


async def _start(cluster: Cluster, nursery: trio.Nursery) -> None:
    try:
        await nursery.start(cluster.run)
    except Exception as error:
        cause = _alone(error)
        if isinstance(cause, StorageError | OSError):
            raise StartFailed(" ".join(str(cause).split())) from error
        raise


async def _make(tables: Sequence[InitialTable], founder: Founder) -> None:
    try:
        await founder.make(tables)
    except ValueError as error:
        raise StartFailed(str(error)) from error


def _policy(door: TcpDoor, hosts: Sequence[str], token: str | None) -> ControlPolicy:
    return ControlPolicy(frozenset(host.lower() for host in hosts), token, door.exposed)


def _alone(error: BaseException) -> BaseException:
    """Return the one exception in nested groups of one, or the group of several."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error
