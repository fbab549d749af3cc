"""What a trigger calls: a function of this process, or one behind a URL.

A call returns the function's reply, or raises `FunctionFailed`. What a function raises is its failure, whatever it is.
"""

import inspect
from collections.abc import Awaitable, Callable
from typing import Any, Final

import attrs
import orjson

from trinamo.world.threads import run_in_thread

Function = Callable[[dict[str, Any], str], Awaitable[Any]]
"""Takes an event and the id of the request."""

TIMEOUT_S: Final = 900.0  # Lambda: the longest that a function runs


class FunctionFailed(Exception):
    """The function failed; `str(error)` says how."""


@attrs.frozen
class Context:
    """The second argument of a handler that takes two: the members of Lambda's context that make sense here."""

    aws_request_id: str
    function_name: str
    invoked_function_arn: str
    function_version: str = "$LATEST"

    def get_remaining_time_in_millis(self) -> int:
        return int(TIMEOUT_S * 1000)


def name_of(handler: Callable[..., Any] | str) -> str:
    return handler if isinstance(handler, str) else getattr(handler, "__name__", repr(handler))


def python_function(handler: Callable[..., Any]) -> Function:
    """Return the function that calls `handler(event)` or `handler(event, context)`.

    A coroutine function is awaited in the cluster's event loop. Any other is called in a worker thread, so that it may block,
    and may talk to the cluster itself.
    """
    name, takes_context = name_of(handler), _takes_context(handler)

    async def call(event: dict[str, Any], request_id: str) -> Any:
        arguments = (event, Context(request_id, name, name)) if takes_context else (event,)
        try:
            if _is_async(handler):
                return await handler(*arguments)
            return await run_in_thread(lambda: handler(*arguments))
        except Exception as error:  # a gate: behind it is code of users
            raise FunctionFailed(f"{type(error).__name__}: {error}") from error

    return call


def _is_async(handler: Callable[..., Any]) -> bool:
    return inspect.iscoroutinefunction(handler) or inspect.iscoroutinefunction(
        getattr(handler, "__call__", None)  # noqa: B004  # an object whose call is a coroutine function
    )


def _takes_context(handler: Callable[..., Any]) -> bool:
    try:
        parameters = inspect.signature(handler).parameters.values()
    except ValueError:  # some of what is written in C does not say
        return False
    needed = [
        parameter
        for parameter in parameters
        if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
        and parameter.default is parameter.empty
    ]
    return len(needed) > 1


def url_function(url: str) -> Function:
    """Return the function that posts the event to a URL, as to Lambda's runtime emulator or a function URL.

    A status other than 2xx is a failure, as is a reply with `errorMessage`, which is how Lambda tells of one.
    """

    async def call(event: dict[str, Any], request_id: str) -> Any:
        import httpx  # 50 ms of a start, only for those who need it

        headers = {"Content-Type": "application/json", "Lambda-Runtime-Aws-Request-Id": request_id}
        try:
            async with httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=False) as client:
                answer = await client.post(url, content=orjson.dumps(event), headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise FunctionFailed(f"{url}: {type(error).__name__}: {error}") from error
        if not answer.is_success:
            raise FunctionFailed(f"{url} answered {answer.status_code}")
        try:
            reply = orjson.loads(answer.content) if answer.content else None
        except ValueError:
            return None  # an answer that is no JSON says nothing
        if isinstance(reply, dict) and "errorMessage" in reply:
            raise FunctionFailed(f"{reply.get('errorType', 'Error')}: {reply['errorMessage']}")
        return reply

    return call
