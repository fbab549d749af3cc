"""AWS as far as a client sees it: DynamoDB behind its check of signatures, and the endpoints that give credentials.

The check is botocore's: it signs what came once more, with the secret that goes with the key.
"""

import json
import re
import ssl
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import attrs
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

IMDS_TOKEN = "a token of the instance"
CONTAINER_TOKEN = "Basic of-the-container"
_ROLES = "/latest/meta-data/iam/security-credentials/"
_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/]+)/\d{8}/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request,"
    r" SignedHeaders=(?P<names>[^,]+), Signature=(?P<signature>[0-9a-f]{64})"
)


@attrs.define
class Aws:
    """What is known, what is given out, and what was asked for."""

    url: str = ""
    secrets: dict[str, tuple[str, str | None]] = attrs.field(factory=dict)
    """Secret and session token of each key."""
    given: list[dict[str, Any]] = attrs.field(factory=list)
    """What the container's and the instance's endpoints give, in order; the last again and again; a text fails."""
    asked: list[tuple[str, str, str]] = attrs.field(factory=list)
    """Key, region and target of each request that passed the check."""
    fetched: list[str] = attrs.field(factory=list)
    """Paths at which credentials were asked for."""
    damage: bool = False

    def give(self, key: str, secret: str, token: str | None, expiration: str | None = None) -> None:
        """Have an endpoint give credentials out."""
        self.secrets[key] = (secret, token)
        self.given.append(
            {"AccessKeyId": key, "SecretAccessKey": secret, "Token": token, "Expiration": expiration}
        )

    def next_given(self) -> dict[str, Any]:
        return self.given.pop(0) if len(self.given) > 1 else self.given[0]

    def judge(self, headers: dict[str, str], body: bytes, url: str) -> str | None:
        """Return what is wrong with a signature."""
        found = _AUTHORIZATION.fullmatch(headers.get("authorization", ""))
        if found is None:
            return "IncompleteSignatureException"
        secret, token = self.secrets.get(found["key"], (None, None))
        if secret is None or headers.get("x-amz-security-token") != token:
            return "UnrecognizedClientException"
        names = found["names"].split(";")
        if not {"host", "x-amz-date", "x-amz-target"} <= set(names):
            return "IncompleteSignatureException"
        request = AWSRequest("POST", url, headers={name: headers[name] for name in names}, data=body)
        request.context["timestamp"] = headers["x-amz-date"]
        signer = SigV4Auth(Credentials(found["key"], secret), found["service"], found["region"])
        canonical = signer.canonical_request(request)
        if signer.signature(signer.string_to_sign(request, canonical), request) != found["signature"]:
            return "InvalidSignatureException"
        self.asked.append((found["key"], found["region"], headers["x-amz-target"]))
        return None


class _Requests(BaseHTTPRequestHandler):
    aws: Aws
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        fault = self.aws.judge(headers, body, self.aws.url + self.path)
        if fault is not None:
            self._answer(400, {"__type": f"com.amazon.coral.service#{fault}", "message": "no"})
        else:
            self._answer(200, {"echo": json.loads(body)})

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        good = self.path == "/latest/api/token" and "x-aws-ec2-metadata-token-ttl-seconds" in self.headers
        self._tell(200 if good else 400, IMDS_TOKEN.encode())

    def do_GET(self) -> None:
        self.aws.fetched.append(self.path)
        if self.path.startswith("/latest"):
            known = self.headers["x-aws-ec2-metadata-token"] == IMDS_TOKEN
        else:
            known = self.headers["authorization"] == CONTAINER_TOKEN
        if not known:
            self._tell(401, b"")
        elif self.path == _ROLES:
            self._tell(200, b"the-role\n")
        elif self.path in (_ROLES + "the-role", "/container/credentials"):
            given = self.aws.next_given()
            self._answer(500 if "fails" in given else 200, given)
        else:
            self._tell(404, b"")

    def _answer(self, status: int, tree: dict[str, Any]) -> None:
        self._tell(status, json.dumps(tree).encode())

    def _tell(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("x-amz-crc32", str(zlib.crc32(body) ^ self.aws.damage))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def serving_aws(tls: ssl.SSLContext | None = None) -> Iterator[Aws]:
    """Serve on this machine, in threads, for as long as the block lasts; over TLS if there is a context for it."""
    aws = Aws()
    handler = type("Requests", (_Requests,), {"aws": aws})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        aws.url = f"http://127.0.0.1:{server.server_address[1]}"
        if tls is not None:
            aws.url = f"https://localhost:{server.server_address[1]}"
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield aws
        finally:
            server.shutdown()
            thread.join()
