"""Signature version 4: who signs a request, and whether rightly. Pure; the caller brings the time.

    Authorization: AWS4-HMAC-SHA256 Credential=<key id>/<yyyymmdd>/<region>/<service>/aws4_request,
                   SignedHeaders=<names, lower case, sorted, joined by ;>, Signature=<64 hex digits>

    canonical request = method \\n path \\n query \\n (name:value \\n)... \\n signed names \\n hex(sha256(body))
    string to sign    = AWS4-HMAC-SHA256 \\n date \\n scope \\n hex(sha256(canonical request))
    key               = HMAC chain: AWS4<secret> -> yyyymmdd -> region -> service -> aws4_request

The same five facts may stand in the query instead (`X-Amz-Algorithm`, ...). `read_signature` takes either and
complains in the service's words; `verify` computes. Without `Credentials` every key is taken and no
signature is looked at, as one expects of a server on a laptop.

The body is hashed as it was sent, thus compressed if it was. A `Date` header of RFC 9110 stands for the same moment in
the form of `X-Amz-Date`. Where a key is a session's, `X-Amz-Security-Token` (header or query) must be its token.
"""

import functools
import hashlib
import hmac
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import parse_qsl, quote

import attrs

from trinamo.gateway.http.requests import HttpRequest
from trinamo.model.errors import ApiError

ALGORITHM: Final = "AWS4-HMAC-SHA256"
TERMINATOR: Final = "aws4_request"
SERVICE: Final = "dynamodb"  # signing name of DynamoDB and of its streams
CLOCK_SKEW_MAX_S: Final = 15 * 60.0  # AWS: requests are good for 15 minutes either way
_STAMP: Final = "%Y%m%dT%H%M%SZ"

_QUERY_PARTS: Final = (
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Signature",
    "X-Amz-SignedHeaders",
    "X-Amz-Date",
)
_UNSIGNED_QUERY_PART: Final = "X-Amz-Signature"


@attrs.frozen
class Secret:
    """What the holder of an access key knows. `session_token` is None for a key that lasts."""

    key: str = attrs.field(repr=False)
    session_token: str | None = attrs.field(default=None, repr=False)


Credentials = Mapping[str, Secret]
"""The keys that may sign, by their ids."""


@attrs.frozen
class Scope:
    """A credential: `key id/yyyymmdd/region/service/aws4_request`."""

    access_key: str
    date: str
    region: str
    service: str
    terminator: str

    @classmethod
    def parse(cls, text: str) -> "Scope":
        """Read a credential. What is missing is empty: many a client on a laptop signs with anything."""
        parts = text.rsplit("/", 4)  # key ids may hold slashes
        return cls(*(parts if len(parts) == 5 else (text, "", "", "", "")))

    def __str__(self) -> str:
        return f"{self.date}/{self.region}/{self.service}/{self.terminator}"


@attrs.frozen
class Signature:
    """What a request says of its signer. `signed_at` is as sent, but in the form of `X-Amz-Date`."""

    scope: Scope
    signed_headers: tuple[str, ...]
    signature: str
    signed_at: str
    session_token: str | None = None
    in_query: bool = False
    algorithm: str = ALGORITHM


# Reading.


def read_signature(request: HttpRequest) -> Signature | ApiError:
    """Return the signature of the header or of the query, or what the service says of its form."""
    header = request.headers.get(request.layout.authorization)
    query = dict(_query_pairs(request.query)) if request.query else {}
    if "X-Amz-Algorithm" in query:
        return both_signatures() if header is not None else _read_query(query)
    if header is None or not header.startswith(b"AWS4-"):
        return missing_token()
    return _read_header(header.decode("latin-1"), request)


def missing_token() -> ApiError:
    """There is no signature, or none of this kind."""
    return ApiError("MissingAuthenticationTokenException", "Request is missing Authentication Token")


def both_signatures() -> ApiError:
    """The request is signed twice."""
    return ApiError(
        "InvalidSignatureException",
        "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.",
    )


def _read_header(text: str, request: HttpRequest) -> Signature | ApiError:
    pairs = (part.strip().partition("=") for part in text.partition(" ")[2].split(","))
    parts = {name: value for name, _, value in pairs if value}
    lacking = [
        f"Authorization header requires '{name}' parameter."
        for name in ("Credential", "Signature", "SignedHeaders")
        if name not in parts
    ]
    if not request.layout.dated:
        lacking.append("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
    if lacking:
        return ApiError("IncompleteSignatureException", " ".join([*lacking, f"Authorization={text}"]))
    token = request.header(b"x-amz-security-token")
    return Signature(
        Scope.parse(parts["Credential"]),
        tuple(parts["SignedHeaders"].split(";")),
        parts["Signature"],
        _signed_at(request),
        None if token is None else token.decode("latin-1"),
        algorithm=text.partition(" ")[0],
    )


def _signed_at(request: HttpRequest) -> str:
    stamp = request.header(b"x-amz-date")
    if stamp is not None:
        return stamp.decode("latin-1")
    date = (request.header(b"date") or b"").decode("latin-1")
    try:
        moment = parsedate_to_datetime(date)
        # RFC 5322 3.3: a zone of -0000 is UTC said by somebody who does not know where they are.
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC).strftime(_STAMP)
    except (ValueError, OverflowError):
        return date


def _read_query(query: Mapping[str, str]) -> Signature | ApiError:
    lacking = [
        f"AWS query-string parameters must include '{name}'. " for name in _QUERY_PARTS if not query.get(name)
    ]
    if lacking:
        text = "".join(lacking) + "Re-examine the query-string parameters."
        return ApiError("IncompleteSignatureException", text)
    return Signature(
        Scope.parse(query["X-Amz-Credential"]),
        tuple(query["X-Amz-SignedHeaders"].split(";")),
        query["X-Amz-Signature"],
        query["X-Amz-Date"],
        query.get("X-Amz-Security-Token"),
        in_query=True,
        algorithm=query["X-Amz-Algorithm"],
    )


def _query_pairs(query: bytes) -> list[tuple[str, str]]:
    return parse_qsl(query.decode("latin-1"), keep_blank_values=True, encoding="latin-1")


# Verifying.


def verify(
    request: HttpRequest, signature: Signature, credentials: Credentials, now: float
) -> ApiError | None:
    """Return None when `credentials` bear out the signature at the time `now`, else the service's refusal."""
    if signature.algorithm != ALGORITHM:
        text = f"Unsupported AWS 'algorithm': '{signature.algorithm}'."
        return ApiError("IncompleteSignatureException", text)
    secret = credentials.get(signature.scope.access_key)
    if secret is None or not is_token(secret, signature.session_token):
        return ApiError(
            "UnrecognizedClientException", "The security token included in the request is invalid."
        )
    refusal = _judge_scope(signature.scope) or _judge_date(signature, now)
    if refusal is not None:
        return refusal
    expected = sign(
        signing_key(secret.key, signature.scope),
        string_to_sign(signature.signed_at, signature.scope, canonical_request(request, signature)),
    )
    # Compared as bytes: of texts, compare_digest takes only ASCII ones.
    return None if hmac.compare_digest(expected.encode(), signature.signature.encode()) else wrong_signature()


def is_token(secret: Secret, token: str | None) -> bool:
    """Whether `token` is the session token that belongs to `secret`: none to one that lasts."""
    if secret.session_token is None or token is None:
        return secret.session_token is token
    return hmac.compare_digest(secret.session_token.encode(), token.encode())


def wrong_signature() -> ApiError:
    """The signature is not the one that the secret makes of the request."""
    return ApiError(
        "InvalidSignatureException",
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret"
        " Access Key and signing method. Consult the service documentation for details.",
    )


def _judge_scope(scope: Scope) -> ApiError | None:
    if not scope.region or scope.terminator != TERMINATOR:
        return ApiError("InvalidSignatureException", "Credential should be scoped to a valid region.")
    if scope.service != SERVICE:
        text = f"Credential should be scoped to correct service: '{SERVICE}'."
        return ApiError("InvalidSignatureException", text)
    return None


def _judge_date(signature: Signature, now: float) -> ApiError | None:
    signed_at = signature.signed_at
    try:
        signed = datetime.strptime(signed_at, _STAMP).replace(tzinfo=UTC).timestamp()
    except ValueError:
        return wrong_signature()
    minutes = f"{CLOCK_SKEW_MAX_S / 60:.0f} min.)"
    if signed < now - CLOCK_SKEW_MAX_S:
        limit = _stamp(now - CLOCK_SKEW_MAX_S)
        text = f"Signature expired: {signed_at} is now earlier than {limit} ({_stamp(now)} - {minutes}"
    elif signed > now + CLOCK_SKEW_MAX_S:
        limit = _stamp(now + CLOCK_SKEW_MAX_S)
        text = (
            f"Signature not yet current: {signed_at} is still later than {limit} ({_stamp(now)} + {minutes}"
        )
    elif signature.scope.date != signed_at[:8]:
        text = (
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP:"
            f" '{signature.scope.date}' != '{signed_at[:8]}', from '{signed_at}'."
        )
    else:
        return None
    return ApiError("InvalidSignatureException", text)


def _stamp(moment: float) -> str:
    return datetime.fromtimestamp(int(moment), UTC).strftime(_STAMP)


def canonical_request(request: HttpRequest, signature: Signature) -> bytes:
    """Return the request in the one form that both sides hash."""
    headers = [
        b"%b:%b\n"
        % (name.encode("latin-1"), b" ".join((request.header(name.encode("latin-1")) or b"").split()))
        for name in signature.signed_headers
    ]
    return b"\n".join(
        (
            request.method,
            quote(request.path, safe=b"/-_.~").encode(),
            canonical_query(request.query, signed_query=signature.in_query),
            b"".join(headers),
            ";".join(signature.signed_headers).encode("latin-1"),
            hashlib.sha256(request.body).hexdigest().encode(),
        )
    )


def canonical_query(query: bytes, *, signed_query: bool) -> bytes:
    """Return the query sorted and percent-encoded, without the signature if that stood in it."""
    pairs = [
        (quote(name, safe="-_.~", encoding="latin-1"), quote(value, safe="-_.~", encoding="latin-1"))
        for name, value in _query_pairs(query)
        if not (signed_query and name == _UNSIGNED_QUERY_PART)
    ]
    return "&".join(f"{name}={value}" for name, value in sorted(pairs)).encode()


def string_to_sign(signed_at: str, scope: Scope, canonical: bytes) -> bytes:
    """Return what is signed: algorithm, date, scope, and the hash of the canonical request."""
    return f"{ALGORITHM}\n{signed_at}\n{scope}\n{hashlib.sha256(canonical).hexdigest()}".encode("latin-1")


@functools.lru_cache(256)  # a key serves a day; a few clients, days and regions
def signing_key(secret: str, scope: Scope) -> bytes:
    """Return the key of a secret for a day, region and service."""
    key = f"AWS4{secret}".encode()
    for part in (scope.date, scope.region, scope.service, scope.terminator):
        key = _hmac(key, part.encode()).digest()
    return key


def sign(key: bytes, text: bytes) -> str:
    """Return the signature in hex."""
    return _hmac(key, text).hexdigest()


_hmac: Callable[[bytes, bytes], "hmac.HMAC"] = functools.partial(hmac.new, digestmod="sha256")
