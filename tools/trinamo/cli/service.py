"""DynamoDB's protocol over HTTP: one connection, one request at a time.

What was surely not done, and what may be done twice without harm, is asked again with jittered pauses. What may have
been done and must not be repeated is asked once: its failure then says that the outcome is not known.
"""

import http.client
import random
import time
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlsplit

import attrs
import click
import orjson

from trinamo.model.signing import Credentials, sign

SECONDS_MAX: Final = 60.0  # for one answer
_TRIES_MAX: Final = 10
_PAUSE_S: Final = 0.05
_PAUSE_MAX_S: Final = 5.0
_UNKNOWN: Final = "whether it was done is not known"

_SURELY_NOT_DONE: Final = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ThrottlingException",
        "TransactionConflictException",
    }
)


class Refused(click.ClickException):
    """The service says no. `code` is DynamoDB's."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(f"{code}: {text}" if text else code)
        self.code = code


@attrs.define
class Backoff:
    """Pauses that grow: full jitter, so that many callers do not come back at once."""

    tries: int = 0

    def pause(self) -> bool:
        """Wait before the next try. False, at once, if there have been enough."""
        self.tries += 1
        if self.tries >= _TRIES_MAX:
            return False
        time.sleep(random.uniform(0, min(_PAUSE_MAX_S, _PAUSE_S * 2**self.tries)))
        return True


@attrs.define(init=False)
class Service:
    """DynamoDB at a URL. Not for several threads."""

    url: str
    region: str
    credentials: Credentials
    _connection: http.client.HTTPConnection
    _host: str
    _connected: bool

    def __init__(self, url: str, region: str, credentials: Credentials) -> None:
        self.url = url
        self.region = region
        self.credentials = credentials
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise click.UsageError(f"{url!r} is no URL: {error}") from None
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.path not in ("", "/"):
            raise click.UsageError(f"{url!r} is no URL of a service, such as http://127.0.0.1:8000")
        kind = http.client.HTTPConnection if parts.scheme == "http" else http.client.HTTPSConnection
        self._connection = kind(parts.hostname, port, timeout=SECONDS_MAX)
        self._host = parts.netloc.rpartition("@")[2]
        self._connected = False

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def call(self, operation: str, request: dict[str, Any], *, repeatable: bool = True) -> Any:
        """Return the answer to an operation. `repeatable`: done twice is as good as done once. Raises `Refused`."""
        try:
            body = orjson.dumps(request)
        except TypeError as error:  # half of a surrogate pair, from an argument or an escape in JSON
            raise click.ClickException(f"what is to be sent is not Unicode: {error}") from None
        backoff = Backoff()
        while True:
            if not self._connect(backoff):
                continue
            try:
                status, answer = self._exchange(operation, body)
            except (OSError, http.client.HTTPException) as error:
                self._connection.close()
                if not repeatable:
                    raise click.ClickException(f"{_UNKNOWN}: {_why(error)}") from None
                if not backoff.pause():
                    raise click.ClickException(f"{self.url} does not answer: {_why(error)}") from None
                continue
            if status == 200:
                return answer
            refused = _refusal(status, answer)
            if status >= 500 and not repeatable:
                raise click.ClickException(f"{_UNKNOWN}: {refused.message}")
            if not (status >= 500 or refused.code in _SURELY_NOT_DONE) or not backoff.pause():
                raise refused

    def _connect(self, backoff: Backoff) -> bool:
        """See that there is a connection. False: not yet, and it is to be tried again."""
        if self._connection.sock is not None:
            return True
        try:
            self._connection.connect()
        except OSError as error:
            # A service that has been there may come back; one that has not is not waited for.
            if not self._connected or not backoff.pause():
                raise click.ClickException(f"no service answers at {self.url}: {_why(error)}") from None
            return False
        self._connected = True
        return True

    def _exchange(self, operation: str, body: bytes) -> tuple[int, Any]:
        headers = {
            "Content-Type": "application/x-amz-json-1.0",
            "Host": self._host,
            "X-Amz-Target": f"DynamoDB_20120810.{operation}",
        }
        signed_at = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        self._connection.request(
            "POST", "/", body, sign(headers, body, self.credentials, self.region, signed_at)
        )
        response = self._connection.getresponse()
        text = response.read()
        try:
            return response.status, orjson.loads(text)
        except orjson.JSONDecodeError:
            shown = " ".join(text.decode("utf-8", "replace").split())[:100]
            message = f"this is no DynamoDB: {response.status} {shown}"
            # Balancers in front of a service fail in their own words; whatever else answers will not change its mind.
            return max(response.status, 400), {"message": message}


def _why(error: Exception) -> str:
    return str(error) or type(error).__name__


def _refusal(status: int, answer: Any) -> Refused:
    if not isinstance(answer, dict):
        return Refused(f"status {status}", "")
    code = str(answer.get("__type", f"status {status}")).rpartition("#")[2]
    return Refused(code, str(answer.get("message") or answer.get("Message") or ""))
