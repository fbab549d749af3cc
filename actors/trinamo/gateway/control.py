"""The HTTP layer of `/_trinamo/`: looking at the cluster, and changing it on purpose.

| request | answer |
|---|---|
| GET    /_trinamo/health     | `Control.health()` |
| GET    /_trinamo/cluster    | `Control.cluster()` |
| GET    /_trinamo/server     | `ServerStatistics`, and the tasks of the process |
| GET    /_trinamo/faults     | `Control.fault_view()` |
| GET    /_trinamo/clock      | `Control.clock_view()` |
| GET    /_trinamo/triggers   | `Control.trigger_view()` |
| POST   /_trinamo/reset      | `Control.reset(body)`; an empty body is `{}` |
| POST   /_trinamo/snapshot   | `Control.take_snapshot(body)` |
| POST   /_trinamo/restore    | `Control.restore_snapshot(body)`: `{"id": "s1"}` |
| POST   /_trinamo/faults     | `Control.fault(body)`: `{"verb": "crash", "node": "n2"}` |
| DELETE /_trinamo/faults     | `Control.remove_fault(None)`: all |
| DELETE /_trinamo/faults/f1  | `Control.remove_fault("f1")` |
| POST   /_trinamo/clock      | `Control.advance_clock(body)`: `{"advance": "3d"}` |

Every answer is JSON; a refusal is `{"error": "one line"}`. The server runs beside browsers, so a page of
any site can send requests here, and can make its own name resolve to 127.0.0.1. Therefore (PROTOCOLS 4):

1. only POST and DELETE change anything, and only with `Content-Type: application/json`, which a page of another
   origin cannot send without asking first;
2. nobody is allowed when asking: no answer here bears a CORS header, and a change with an Origin is refused;
3. a change must have come for a loopback or configured name (Host), which a rebound name is not;
4. where the door is open to other machines, a change needs the token: `Authorization: Bearer <token>`.

Order of checks: path (404), method (405), token (401), origin and host (403), content type (415), JSON (400).
"""

import hmac
import ipaddress
from collections.abc import Awaitable, Callable
from typing import Any, Final, Protocol

import attrs
import orjson
import trio

from trinamo.gateway.http.protocol import CONTROL_PREFIX, JSON, json_type
from trinamo.gateway.http.requests import HttpRequest
from trinamo.gateway.http.responses import Answer
from trinamo.gateway.http.server import ServerStatistics


class BadControlRequest(Exception):
    """The body asks for something that cannot be had; `str(error)` is one line for a person."""


class Control(Protocol):
    """What the running server can show of itself and have done to itself. Results must be JSON trees.

    Each raises `BadControlRequest` for a body that makes no sense.
    """

    async def health(self) -> dict[str, Any]: ...

    async def cluster(self) -> dict[str, Any]: ...

    async def reset(self, body: dict[str, Any]) -> dict[str, Any]: ...

    async def take_snapshot(self, body: dict[str, Any]) -> dict[str, Any]: ...

    async def restore_snapshot(self, body: dict[str, Any]) -> dict[str, Any]: ...

    async def fault(self, body: dict[str, Any]) -> dict[str, Any]: ...

    async def fault_view(self) -> dict[str, Any]: ...

    async def remove_fault(self, id_: str | None) -> dict[str, Any]: ...

    async def clock_view(self) -> dict[str, Any]: ...

    async def trigger_view(self) -> dict[str, Any]: ...

    async def advance_clock(self, body: dict[str, Any]) -> dict[str, Any]: ...


@attrs.frozen
class ControlPolicy:
    """Who may change things: requests for a loopback name or one of `hosts` (lower case, no port).

    `exposed` says that the door is open to other machines; then only the holder of `token` may.
    """

    hosts: frozenset[str] = frozenset()
    token: str | None = None
    exposed: bool = False


_ONE_FAULT: Final = b"faults/"
View = Callable[[], Awaitable[dict[str, Any]]]
Act = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]


class ControlRouter:
    """Routes requests under `/_trinamo/` to a `Control`. `statistics` are those of the server that asks here."""

    def __init__(
        self, control: Control, policy: ControlPolicy, statistics: Callable[[], ServerStatistics]
    ) -> None:
        self._control = control
        self._policy = policy
        self._statistics = statistics
        self._views: dict[bytes, View] = {
            b"health": control.health,
            b"cluster": control.cluster,
            b"server": self._server,
            b"faults": control.fault_view,
            b"clock": control.clock_view,
            b"triggers": control.trigger_view,
        }
        self._changes: dict[bytes, dict[bytes, Act]] = {
            b"reset": {b"POST": control.reset},
            b"snapshot": {b"POST": control.take_snapshot},
            b"restore": {b"POST": control.restore_snapshot},
            b"faults": {b"POST": control.fault, b"DELETE": self._remove_all},
            b"clock": {b"POST": control.advance_clock},
        }

    async def answer(self, request: HttpRequest) -> Answer:
        """Return the answer to a request whose path begins with `CONTROL_PREFIX`."""
        name = request.path.removeprefix(CONTROL_PREFIX)
        view, change = self._views.get(name), self._changes.get(name, {})
        if name.startswith(_ONE_FAULT):
            change = {b"DELETE": self._removing(name.removeprefix(_ONE_FAULT).decode("latin-1"))}
        elif view is None and not change:
            return _error(404, f"there is no {request.path.decode('latin-1')}")
        if view is not None and request.method in (b"GET", b"HEAD"):
            return _tree(200, await view())
        act = change.get(request.method)
        if act is None:
            return _wrong_method(b", ".join([*([b"GET"] if view is not None else []), *change]))
        return self._refuse_change(request) or await _perform(act, request.body)

    async def _server(self) -> dict[str, Any]:
        tasks = trio.lowlevel.current_statistics().tasks_living
        return {**attrs.asdict(self._statistics()), "tasks": tasks}

    async def _remove_all(self, _: dict[str, Any]) -> dict[str, Any]:
        return await self._control.remove_fault(None)

    def _removing(self, id_: str) -> Act:
        async def remove(_: dict[str, Any]) -> dict[str, Any]:
            return await self._control.remove_fault(id_)

        return remove

    def _refuse_change(self, request: HttpRequest) -> Answer | None:
        policy = self._policy
        if policy.token is None and policy.exposed:
            return _error(403, "on a door that other machines reach, changes need --control-token")
        if policy.token is not None and not _bears(request, policy.token):
            return _error(401, "changes need the header Authorization: Bearer TOKEN")
        if request.headers.get(request.layout.origin) is not None:
            return _error(403, "changes are not taken from web pages (the request has an Origin)")
        host = host_name((request.header(b"host") or b"").decode("latin-1"))
        if policy.token is None and not is_loopback(host) and host not in policy.hosts:
            return _error(403, "changes are taken for a loopback or configured Host only")
        content_type = request.headers.get(request.layout.content_type, b"")
        if json_type(content_type) != JSON:
            return _error(415, "changes need Content-Type: application/json")
        return None


async def _perform(act: Act, body: bytes) -> Answer:
    try:
        tree = orjson.loads(body or b"{}")
    except orjson.JSONDecodeError as error:
        return _error(400, f"the body is not JSON: {error}")
    if not isinstance(tree, dict):
        return _error(400, "the body must be a JSON object")
    try:
        result = await act(tree)
    except BadControlRequest as error:
        return _error(400, str(error))
    return _tree(200, result)


def host_name(host: str) -> str:
    """Return the name of a Host header, in lower case, without port and brackets."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower()


def is_loopback(name: str) -> bool:
    """Return whether a name can only mean this machine."""
    if name == "localhost" or name.endswith(".localhost"):  # RFC 6761: never leaves the machine
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _bears(request: HttpRequest, token: str) -> bool:
    sent = request.headers.get(request.layout.authorization, b"")
    return hmac.compare_digest(sent, b"Bearer " + token.encode())


def _wrong_method(allowed: bytes) -> Answer:
    refusal = _error(405, f"only {allowed.decode()} here")
    return attrs.evolve(refusal, headers=b"Allow: %b\r\n" % allowed)


def _error(status: int, line: str) -> Answer:
    return _tree(status, {"error": line})


def _tree(status: int, tree: dict[str, Any]) -> Answer:
    return Answer(status, orjson.dumps(tree, option=orjson.OPT_APPEND_NEWLINE), JSON)
