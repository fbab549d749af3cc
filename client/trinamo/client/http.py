"""The way to any DynamoDB endpoint: HTTP with AWS's signature."""

import zlib
from collections.abc import Mapping
from typing import Any, Protocol

from trinamo.client.environment import Environment
from trinamo.client.errors import error_of
from trinamo.client.transport import Lost, dump, load
from trinamo.client.web import Origin, Web
from trinamo.model.operations import SERVICES, STREAMS
from trinamo.model.signing import Credentials, sign, stamp


class CredentialSource(Protocol):
    """Where credentials come from, again and again: they end."""

    async def credentials(self) -> Credentials:
        """Return what is good now. Raises `NoCredentials`."""


class HttpTransport:
    """Calls the service at a URL, and its streams at another."""

    def __init__(
        self,
        environment: Environment,
        web: Web,
        url: str,
        streams_url: str,
        region: str,
        source: CredentialSource,
    ) -> None:
        self._environment = environment
        self._web = web
        self._url = url
        self._origin = Origin.of(url)
        self._streams = Origin.of(streams_url)
        self._region = region
        self._source = source

    def __repr__(self) -> str:
        return f"<HttpTransport {self._url}>"

    async def call(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        body = dump(parameters)
        service = SERVICES[operation]
        origin = self._streams if service == STREAMS else self._origin
        headers = {
            "host": str(origin),
            "content-type": "application/x-amz-json-1.0",
            "x-amz-target": f"{service}.{operation}",
        }
        credentials = await self._source.credentials()
        signed = sign(headers, body, credentials, self._region, stamp(self._environment.wall()))
        response = await self._web.exchange(origin, signed, body)
        checksum = response.headers.get("x-amz-crc32")
        if checksum is not None and checksum != str(zlib.crc32(response.body)):
            raise Lost("the answer was damaged on its way: its checksum is another")
        if response.status != 200:
            raise error_of(response.status, response.body)
        return load(response.body)
