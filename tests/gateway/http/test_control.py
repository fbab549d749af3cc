"""Claims about `/_trinamo/`: what it answers, and from whom it takes changes."""

from typing import Any

import pytest

from gateway.http.conversation import Response, post, running
from trinamo.gateway.control import BadControlRequest, ControlPolicy

HERE = "Host: localhost:8000"
TYPE = "Content-Type: application/json"


class Recorder:
    """A control that says what it was asked to do."""

    def __init__(self) -> None:
        self.done: list[tuple[str, dict[str, Any]]] = []

    async def health(self) -> dict[str, Any]:
        return {"healthy": True}

    async def cluster(self) -> dict[str, Any]:
        return {"nodes": []}

    async def reset(self, body: dict[str, Any]) -> dict[str, Any]:
        self.done.append(("reset", body))
        return {}

    async def fault(self, body: dict[str, Any]) -> dict[str, Any]:
        if body.get("verb") != "crash":
            raise BadControlRequest("verb must be crash")
        if "node" not in body:
            raise ZeroDivisionError("a bug")
        self.done.append(("fault", body))
        return {"crashed": body["node"]}

    async def take_snapshot(self, body: dict[str, Any]) -> dict[str, Any]:
        self.done.append(("snapshot", body))
        return {"id": "s1"}

    async def restore_snapshot(self, body: dict[str, Any]) -> dict[str, Any]:
        self.done.append(("restore", body))
        return {}

    async def fault_view(self) -> dict[str, Any]:
        return {"faults": []}

    async def remove_fault(self, id_: str | None) -> dict[str, Any]:
        self.done.append(("remove", {"id": id_}))
        return {"removed": id_}

    async def trigger_view(self) -> dict[str, Any]:
        return {"triggers": []}

    async def clock_view(self) -> dict[str, Any]:
        return {"offset_s": 0.0}

    async def advance_clock(self, body: dict[str, Any]) -> dict[str, Any]:
        self.done.append(("clock", body))
        return body


def raw(method: str, path: str, *lines: str, body: bytes = b"") -> bytes:
    length = f"Content-Length: {len(body)}"
    return "\r\n".join((f"{method} {path} HTTP/1.1", *lines, length)).encode() + b"\r\n\r\n" + body


async def ask(request: bytes, recorder: Recorder, policy: ControlPolicy) -> Response:
    async with running(control=recorder, policy=policy) as site:
        client = site.connect()
        response = await client.ask(request)
        assert (await client.ask(post())).status == 200  # the connection goes on, whatever was said
    assert response.headers["content-type"] == "application/json"
    assert not [name for name in response.headers if name.startswith("access-control")]
    return response


async def change(*lines: str, policy: ControlPolicy | None = None, body: bytes = b"{}") -> Response:
    """Ask for a reset; assert that it was done if and only if the answer says so."""
    recorder = Recorder()
    response = await ask(
        raw("POST", "/_trinamo/reset", *lines, body=body), recorder, policy or ControlPolicy()
    )
    assert (response.status == 200) == (len(recorder.done) == 1)
    return response


async def look(method: str, path: str, *lines: str) -> Response:
    recorder = Recorder()
    response = await ask(raw(method, path, *lines), recorder, ControlPolicy())
    assert recorder.done == []
    return response


async def test_anybody_may_look() -> None:
    assert (await look("GET", "/_trinamo/health")).json == {"healthy": True}
    assert (await look("GET", "/_trinamo/cluster?pretty")).json == {"nodes": []}
    assert (await look("GET", "/_trinamo/health", "Origin: https://example.com")).status == 200


async def test_the_server_shows_its_connections_and_tasks() -> None:
    async with running(control=Recorder()) as site:
        client = site.connect()
        await client.ask(post())
        shown = (await client.ask(raw("GET", "/_trinamo/server"))).json
        await site.connect().ask(post())
        after = (await client.ask(raw("GET", "/_trinamo/server"))).json
    assert (shown["connections"], shown["requests"], shown["failures"]) == (1, 1, 0)
    assert (after["connections"], after["tasks"]) == (2, shown["tasks"] + 1)


async def test_a_change_is_made_with_its_body() -> None:
    recorder = Recorder()
    body = b'{"verb": "crash", "node": "n2"}'
    request = raw("POST", "/_trinamo/faults", HERE, TYPE, body=body)
    assert (await ask(request, recorder, ControlPolicy())).json == {"crashed": "n2"}
    assert recorder.done == [("fault", {"verb": "crash", "node": "n2"})]


async def test_an_empty_body_is_an_empty_object() -> None:
    assert (await change(HERE, TYPE, body=b"")).status == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/_trinamo/", 404),
        ("GET", "/_trinamo/nothing", 404),
        ("POST", "/_trinamo/nothing", 404),
        ("POST", "/_trinamo/health", 405),
        ("DELETE", "/_trinamo/cluster", 405),
        ("GET", "/_trinamo/reset", 405),
        ("PUT", "/_trinamo/faults", 405),
        ("OPTIONS", "/_trinamo/reset", 405),
    ],
)
async def test_what_is_not_there_is_refused(method: str, path: str, status: int) -> None:
    for lines in ((HERE, TYPE), (HERE, TYPE, "Origin: http://localhost:3000")):
        response = await look(method, path, *lines)
        assert response.status == status
        assert len(response.json["error"].splitlines()) == 1
        assert ("allow" in response.headers) == (status == 405)


@pytest.mark.parametrize("body", [b"{", b"[]", b"1", b"null", b"\xff"])
async def test_a_body_must_be_a_json_object(body: bytes) -> None:
    response = await change(HERE, TYPE, body=body)
    assert response.status == 400
    assert len(response.json["error"].splitlines()) == 1


async def test_an_unknown_verb_is_a_400_that_says_why() -> None:
    request = raw("POST", "/_trinamo/faults", HERE, TYPE, body=b'{"verb": "melt"}')
    response = await ask(request, Recorder(), ControlPolicy())
    assert (response.status, response.json) == (400, {"error": "verb must be crash"})


async def test_a_bug_is_a_500() -> None:
    request = raw("POST", "/_trinamo/faults", HERE, TYPE, body=b'{"verb": "crash"}')
    async with running(control=Recorder()) as site:
        client = site.connect()
        assert (await client.ask(request)).status == 500
        assert (await client.ask(post())).status == 200


# From whom.


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "application/jsonx", None]
)
async def test_a_change_needs_the_json_type(content_type: str | None) -> None:
    lines = [] if content_type is None else [f"Content-Type: {content_type}"]
    assert (await change(HERE, *lines)).status == 415


async def test_the_json_type_may_have_parameters() -> None:
    assert (await change(HERE, "Content-Type: Application/JSON; charset=utf-8")).status == 200


@pytest.mark.parametrize("origin", ["https://example.com", "http://localhost:8000", "null"])
async def test_a_change_is_not_taken_from_a_web_page(origin: str) -> None:
    assert (await change(HERE, TYPE, f"Origin: {origin}")).status == 403


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("localhost", True),
        ("LocalHost:8000", True),
        ("dynamodb.localhost:8000", True),
        ("127.0.0.1:8000", True),
        ("127.1.2.3", True),
        ("[::1]:8000", True),
        ("trinamo:8000", True),
        ("TRINAMO", True),
        ("rebound.example.com:8000", False),
        ("localhost.example.com", False),
        ("notlocalhost", False),
        ("192.168.1.1:8000", False),
        ("[::2]:8000", False),
        ("", False),
        (None, False),
    ],
)
async def test_a_change_must_have_come_for_a_name_of_ours(host: str | None, allowed: bool) -> None:
    lines = [] if host is None else [f"Host: {host}"]
    policy = ControlPolicy(hosts=frozenset({"trinamo"}))
    assert (await change(*lines, TYPE, policy=policy)).status == (200 if allowed else 403)


async def test_an_exposed_door_takes_changes_only_with_the_token() -> None:
    bearer = "Authorization: Bearer secret"
    assert (await change(HERE, TYPE, policy=ControlPolicy(exposed=True))).status == 403
    policy = ControlPolicy(exposed=True, token="secret")
    assert (await change(HERE, TYPE, policy=policy)).status == 401
    assert (await change(HERE, TYPE, bearer + "s", policy=policy)).status == 401
    assert (await change(HERE, TYPE, bearer, policy=policy)).status == 200
    assert (await change(HERE, TYPE, bearer, "Origin: http://localhost", policy=policy)).status == 403
