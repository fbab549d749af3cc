"""Signatures as botocore makes them, of any request, at any time."""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import attrs
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

JSON_TYPE = "application/x-amz-json-1.0"


@attrs.frozen
class Signed:
    """A request as it is to be sent."""

    path: str
    headers: dict[str, str]
    body: bytes


@attrs.frozen(kw_only=True)
class Signer:
    """Who signs, for what, and when: `late` seconds from now. `query` puts the signature into the URL."""

    key: str
    secret: str
    token: str | None = None
    region: str = "us-east-1"
    service: str = "dynamodb"
    late: float = 0.0
    query: bool = False

    def sign(
        self,
        url: str,
        operation: str,
        body: bytes = b"{}",
        headers: dict[str, str] | None = None,
        path: str = "/",
    ) -> Signed:
        named = {"X-Amz-Target": f"DynamoDB_20120810.{operation}", "Content-Type": JSON_TYPE}
        request = AWSRequest("POST", url + path, headers={**named, **(headers or {})})
        request.context["timestamp"] = (datetime.now(UTC) + timedelta(seconds=self.late)).strftime(
            "%Y%m%dT%H%M%SZ"
        )
        kind: Any = _InQuery if self.query else _InHeader
        signer = kind(Credentials(self.key, self.secret, self.token), self.service, self.region)
        signer.body = body
        signer.sign(request)
        parts = urlsplit(request.url)
        return Signed(
            f"{parts.path}?{parts.query}" if parts.query else parts.path, dict(request.headers), body
        )


class _OfBody:
    """botocore's steps for a given time; a query signs the body as well, which botocore would move into the URL."""

    body = b""

    def sign(self: Any, request: Any) -> None:
        self._modify_request_before_signing(request)
        text = self.string_to_sign(request, self.canonical_request(request))
        self._inject_signature_to_request(request, self.signature(text, request))

    def payload(self, _request: Any) -> str:
        return hashlib.sha256(self.body).hexdigest()


class _InHeader(_OfBody, SigV4Auth):  # type: ignore[misc]  # botocore has no types
    pass


class _InQuery(_OfBody, SigV4QueryAuth):  # type: ignore[misc]  # botocore has no types
    pass
