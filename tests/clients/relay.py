"""A network that loses answers: it passes requests on to a server, and hangs up in place of some of the answers.

What was asked has happened then, and who asked cannot know. SDKs ask again.
"""

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import attrs

SECONDS_MAX = 20.0


@attrs.define
class Relay:
    """What happens to answers. Each request's operation is noted, in order of arrival."""

    url: str
    losing: int = 0
    """How many of the next answers get lost."""
    asked: list[str] = attrs.field(factory=list)
    _lock: threading.Lock = attrs.field(factory=threading.Lock)

    def note(self, operation: str) -> bool:
        """Note a request, and return whether its answer is one to lose."""
        with self._lock:
            self.asked.append(operation)
            lost = self.losing > 0
            self.losing -= lost
            return lost


@contextmanager
def relaying(url: str) -> Iterator[Relay]:
    """Stand between clients and the server at `url`."""
    upstream = urlsplit(url)

    class Exchange(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            connection = http.client.HTTPConnection(
                upstream.hostname or "", upstream.port, timeout=SECONDS_MAX
            )
            try:
                connection.request("POST", self.path, body, dict(self.headers))
                response = connection.getresponse()
                answer = response.read()
            finally:
                connection.close()
            if relay.note(self.headers["X-Amz-Target"].partition(".")[2]):
                self.close_connection = True
                return
            self.send_response_only(response.status, response.reason)
            for header, value in response.getheaders():
                self.send_header(header, value)
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: Any) -> None:
            """Keep stderr for those who have something to say."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Exchange) as door:
        door.daemon_threads = True
        relay = Relay(f"http://127.0.0.1:{door.server_address[1]}")
        thread = threading.Thread(target=door.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield relay
        finally:
            door.shutdown()
            thread.join()
