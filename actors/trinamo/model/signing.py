"""AWS's signature, version 4, of requests as DynamoDB takes them: a POST to `/` with a body, all headers signed. Pure.

canonical request = method \\n path \\n query \\n (name:value \\n)... \\n signed names \\n hex(sha256(body))
string to sign    = AWS4-HMAC-SHA256 \\n date \\n scope \\n hex(sha256(canonical request))
key               = HMAC chain: AWS4<secret> -> yyyymmdd -> region -> service -> aws4_request
"""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

import attrs

ALGORITHM: Final = "AWS4-HMAC-SHA256"
SERVICE: Final = "dynamodb"  # of DynamoDB and of its streams


@attrs.frozen
class Credentials:
    """An access key and what its holder knows. `expires` is when it ends, in seconds since 1970; None for never."""

    key: str
    secret: str = attrs.field(repr=False)
    token: str | None = attrs.field(default=None, repr=False)
    expires: float | None = None


def stamp(wall: float) -> str:
    """Return a moment as `yyyymmddThhmmssZ`."""
    return datetime.fromtimestamp(int(wall), UTC).strftime("%Y%m%dT%H%M%SZ")


def sign(
    headers: Mapping[str, str],
    body: bytes,
    credentials: Credentials,
    region: str,
    signed_at: str,
    *,
    service: str = SERVICE,
    method: str = "POST",
) -> dict[str, str]:
    """Return `headers`, of which `host` is one, with those that sign them, for a request of `/` without a query."""
    signed = {**headers, "x-amz-date": signed_at}
    if credentials.token is not None:
        signed["x-amz-security-token"] = credentials.token
    lines = sorted((name.lower(), " ".join(value.split())) for name, value in signed.items())
    names = ";".join(name for name, _ in lines)
    text = "".join(f"{name}:{value}\n" for name, value in lines)
    canonical = f"{method}\n/\n\n{text}\n{names}\n{hashlib.sha256(body).hexdigest()}"
    scope = (signed_at[:8], region, service, "aws4_request")
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    to_sign = f"{ALGORITHM}\n{signed_at}\n{'/'.join(scope)}\n{digest}"
    signature = hmac.digest(_key(credentials.secret, scope), to_sign.encode(), "sha256").hex()
    signed["authorization"] = (
        f"{ALGORITHM} Credential={credentials.key}/{'/'.join(scope)}, SignedHeaders={names}, Signature={signature}"
    )
    return signed


_keys: dict[tuple[str, tuple[str, ...]], bytes] = {}  # a key serves a day
_KEYS_MAX: Final = 64


def _key(secret: str, scope: tuple[str, ...]) -> bytes:
    found = _keys.get((secret, scope))
    if found is not None:
        return found
    key = f"AWS4{secret}".encode()
    for part in scope:
        key = hmac.digest(key, part.encode(), "sha256")
    if len(_keys) >= _KEYS_MAX:
        _keys.clear()
    _keys[secret, scope] = key
    return key
