"""The null server: it answers every request with bytes made beforehand, of the size that DynamoDB would send.

What the generator reaches against it is the generator's ceiling. It runs as a process of its own
(`python -m trinamo.bench.null`) and prints its port. It relies on the generator: one request in flight a connection,
and every body ends with a brace.
"""

import gc
import json
import os
import select
import socket
from typing import NoReturn

from trinamo.bench import payload

_HEAD = """\
HTTP/1.1 200 OK\r
Server: Server\r
Date: Sat, 14 Mar 2026 15:09:26 GMT\r
Content-Type: application/x-amz-json-1.0\r
Content-Length: {length}\r
Connection: keep-alive\r
x-amzn-RequestId: 4KBNVRGD25RG1KEO9UT4V3FQDJVV4KQNSO5AEMVJF66Q9ASUAAJG\r
x-amz-crc32: {crc32}\r
\r
"""


def answer(body: dict[str, object]) -> bytes:
    text = json.dumps(body, separators=(",", ":"))
    return (_HEAD.format(length=len(text), crc32=2745614147) + text).encode()


def serve(listener: socket.socket) -> NoReturn:
    """Answer until the process is ended."""
    found = [payload.order(number, payload.ORDERS) for number in range(payload.QUERY_LIMIT)]
    put_answer, get_answer = answer({}), answer({"Item": payload.item(0)})
    query_answer = answer(
        {
            "Items": found,
            "Count": len(found),
            "ScannedCount": len(found),
            "LastEvaluatedKey": payload.order_key(0, len(found) - 1, payload.ORDERS),
        }
    )
    listener.setblocking(False)
    poll = select.epoll()
    poll.register(listener, select.EPOLLIN)
    door, connections = listener.fileno(), dict[int, socket.socket]()
    read, write = os.read, os.write
    while True:
        for fd, _ in poll.poll():
            if fd == door:
                accept(listener, poll, connections)
                continue
            try:
                request = read(fd, 65536)
            except ConnectionResetError:
                request = b""
            if not request:
                poll.unregister(fd)
                connections.pop(fd).close()
            elif request[-1] == 0x7D:  # a closing brace: the request is whole
                if b".GetItem" in request:
                    write(fd, get_answer)
                else:
                    write(fd, query_answer if b".Query" in request else put_answer)


def accept(listener: socket.socket, poll: select.epoll, connections: dict[int, socket.socket]) -> None:
    connection, _ = listener.accept()
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connections[connection.fileno()] = connection
    poll.register(connection, select.EPOLLIN)


def main() -> NoReturn:
    gc.disable()
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listener:
        print(listener.getsockname()[1], flush=True)
        serve(listener)


if __name__ == "__main__":
    main()
