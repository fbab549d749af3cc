"""AWS JSON 1.0 as DynamoDB speaks it: from an HTTP request to an operation, or to the answer that it gets instead.

What is checked, in the order in which the service does:

1. path and method: `GET /` is a health check, `OPTIONS` with an Origin a CORS preflight, all else but
   `POST /` is a 404;
2. content type, for a request with a body (404);
3. the body, inflated if it is compressed (413 if that is too much), is JSON (SerializationException without text);
4. the target is an operation of the service (UnknownOperationException without text);
5. authentication (`sigv4`);
6. there is a body, and it is an object (SerializationException as in 3).

What is right so far is an `ApiRequest`; shapes and everything further are the operation's. Requests under
`/_trinamo/` never come here (`trinamo.gateway.control`).

Cost: 2.3 µs for a 566-byte PutItem, of which JSON takes 1.2. Authorization headers of one
client differ only in the signature, so what the rest says is remembered; targets are a dict.
"""

import re
from typing import Any, Final, NamedTuple

import attrs
import orjson

from trinamo.gateway.http import compression, sigv4
from trinamo.gateway.http.requests import HttpRequest
from trinamo.gateway.http.responses import Answer
from trinamo.model import errors
from trinamo.model.errors import ApiError
from trinamo.model.operations import DYNAMODB as DYNAMODB
from trinamo.model.operations import SERVICES
from trinamo.model.operations import STREAMS as STREAMS
from trinamo.world import Clock

CONTROL_PREFIX: Final = b"/_trinamo/"

JSON_1_0: Final = b"application/x-amz-json-1.0"
JSON: Final = b"application/json"
PLAIN_TEXT: Final = b"text/plain"

DEFAULT_ACCOUNT: Final = "000000000000"  # PROTOCOLS 4
DEFAULT_REGION: Final = "us-east-1"

_CALLERS_MAX: Final = 4_096  # remembered Authorization headers; a client has one a day and region
_SIGNATURE_SIZE: Final = 64  # SHA-256 in hex
_ACCOUNT: Final = re.compile(r"[0-9]{12}")
_REGION: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")  # any word: laptops sign for `local` and `localhost`

_ALLOW_ORIGIN: Final = b"access-control-allow-origin: *\r\n"
_EXPOSE_HEADERS: Final = (
    b"access-control-expose-headers: x-amzn-requestid,x-amzn-errortype,x-amzn-errormessage,date\r\n"
)
CORS: Final = _ALLOW_ORIGIN + _EXPOSE_HEADERS
"""Lines for every answer to a request with an Origin."""

NOT_FOUND: Final = Answer(404, b"<UnknownOperationException/>\n")
TOO_LARGE: Final = Answer(413)


class Operation(NamedTuple):
    """A target: `service.name`."""

    service: str
    name: str


TARGETS: Final = {
    f"{service}.{name}".encode(): Operation(service, name) for name, service in SERVICES.items()
}


@attrs.define(eq=False)
class ApiRequest:
    """A request for an operation. Not frozen because that costs 0.5 µs; nobody changes it.

    `parameters` is the body as JSON has it: neither shapes nor constraints have been looked at.
    """

    operation: str
    service: str
    parameters: dict[str, Any]
    account: str
    region: str


class Caller(NamedTuple):
    """Whose tables a request means."""

    account: str
    region: str


def caller_of(key: str, region: str) -> Caller | None:
    """Return whose tables the holder of a key means; None for a region that can be nobody's.

    A key that is an account's number means that account, any other the default one.
    """
    if not _REGION.fullmatch(region):
        return None
    return Caller(key if _ACCOUNT.fullmatch(key) else DEFAULT_ACCOUNT, region)


def json_type(content_type: bytes) -> bytes | None:
    """Return the base type of a Content-Type header if it is one of the two JSON types."""
    known = _JSON_TYPES.get(content_type)
    if known is not None:
        return known
    return _JSON_TYPES.get(content_type.partition(b";")[0].strip().lower())


_JSON_TYPES: Final = {JSON_1_0: JSON_1_0, JSON: JSON}


class Admission:
    """Admits requests to operations. One a gateway; `region` is what requests without a region mean."""

    __slots__ = ("_callers", "_clock", "_credentials", "_region")

    def __init__(
        self, clock: Clock, *, region: str = DEFAULT_REGION, credentials: sigv4.Credentials | None = None
    ) -> None:
        self._clock = clock
        self._region = region
        self._credentials = credentials
        self._callers: dict[bytes, Caller] = {}

    def admit(self, request: HttpRequest, content_type: bytes | None) -> ApiRequest | ApiError | Answer:
        """Return the operation that a request asks for, or its answer. `content_type` is its `json_type`."""
        if request.method != b"POST" or (request.url != b"/" and request.path != b"/"):
            return self._not_an_operation(request)
        if content_type is None and request.body:
            return NOT_FOUND
        parameters: Any = None
        body = request.body
        if body:
            try:
                if request.layout.content_encoding:
                    body = _decoded(request)
                parameters = orjson.loads(body)
            except (orjson.JSONDecodeError, compression.NotGzip):
                return errors.serialization()
            except compression.TooLarge:
                return TOO_LARGE
        operation = TARGETS.get(request.headers.get(request.layout.amz_target, b""))
        if operation is None:
            return errors.unknown_operation()
        caller = self._caller(request)
        if type(caller) is not Caller:
            assert isinstance(caller, ApiError)
            return caller
        if type(parameters) is not dict:
            return errors.serialization()
        return ApiRequest(operation.name, operation.service, parameters, caller.account, caller.region)

    # Who asks.

    def _caller(self, request: HttpRequest) -> Caller | ApiError:
        """Return whose tables are meant; from memory when the client has been here today."""
        if self._credentials is None and request.url == b"/" and request.layout.dated:
            authorization = request.headers.get(request.layout.authorization, b"")
            signer = authorization[:-_SIGNATURE_SIZE]
            caller = self._callers.get(signer)
            if caller is not None:
                return caller
            caller_or_error = self._authenticate(request)
            if type(caller_or_error) is Caller and signer.endswith(b"Signature="):
                self._remember(signer, caller_or_error)
            return caller_or_error
        return self._authenticate(request)

    def _remember(self, signer: bytes, caller: Caller) -> None:
        if len(self._callers) >= _CALLERS_MAX:
            self._callers.clear()
        self._callers[signer] = caller

    def _authenticate(self, request: HttpRequest) -> Caller | ApiError:
        signature = sigv4.read_signature(request)
        if isinstance(signature, ApiError):
            return signature
        if self._credentials is not None:
            refusal = sigv4.verify(request, signature, self._credentials, self._clock.wall())
            if refusal is not None:
                return refusal
        scope = signature.scope
        caller = caller_of(scope.access_key, scope.region or self._region)
        if caller is None:
            return ApiError("InvalidSignatureException", "Credential should be scoped to a valid region.")
        return caller

    # What is no operation.

    def _not_an_operation(self, request: HttpRequest) -> Answer:
        origin = request.headers.get(request.layout.origin)
        if request.method == b"OPTIONS" and origin is not None:
            return _preflight(request)
        if request.method == b"GET" and request.path == b"/":
            return Answer(200, f"healthy: dynamodb.{self._region}.amazonaws.com ".encode(), PLAIN_TEXT)
        return NOT_FOUND


def _decoded(request: HttpRequest) -> bytes:
    """Return the body without its Content-Encoding. Of one that is not known nothing becomes that is JSON."""
    encoding = request.headers[request.layout.content_encoding].strip().lower()
    return compression.inflate(request.body) if encoding in (b"gzip", b"x-gzip") else request.body


def _preflight(request: HttpRequest) -> Answer:
    lines = [_ALLOW_ORIGIN, b"access-control-max-age: 172800\r\n"]
    for name in (b"headers", b"method"):
        asked = request.header(b"access-control-request-" + name)
        if asked is not None:
            allowed = b"methods" if name == b"method" else name
            lines.append(b"access-control-allow-%b: %b\r\n" % (allowed, asked))
    return Answer(200, headers=b"".join(lines), cors=True)
