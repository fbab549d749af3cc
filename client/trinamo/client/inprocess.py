"""The way to a cluster in this very event loop: no socket, no HTTP. Only JSON bytes pass, so that no object is shared."""

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

from trinamo.client.errors import error_of
from trinamo.client.transport import Lost, dump, load


@runtime_checkable
class InProcess(Protocol):
    """A cluster that runs beside its caller: what `trinamo.testing.cluster()` gives."""

    async def call(
        self, operation: str, body: bytes, *, key: str = "", region: str = ""
    ) -> tuple[int, bytes] | None:
        """Perform an operation; return status and body, or None where the answer was lost."""


class InProcessTransport:
    """Calls a cluster. `key` and `region` say whose tables are meant."""

    def __init__(self, cluster: InProcess, key: str, region: str) -> None:
        self._cluster = cluster
        self._key = key
        self._region = region

    def __repr__(self) -> str:
        return f"<InProcessTransport {self._cluster!r}>"

    async def call(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        answer = await self._cluster.call(operation, dump(parameters), key=self._key, region=self._region)
        if answer is None:
            raise Lost("the answer was lost")
        status, body = answer
        if status != 200:
            raise error_of(status, body)
        return load(body)
