"""Talking to a running cluster: what is under `/_trinamo/` of its port. Failures are one line for the user."""

import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any, Final

import click

SECONDS_MAX: Final = 30.0

Command = Callable[..., Any]


def addressed(command: Command) -> Command:
    """Give a command the options `--url` and `--token`, which say whom to talk to."""
    command = click.option(
        "--token", envvar="TRINAMO_CONTROL_TOKEN", help="What `trinamo dev --control-token` was told."
    )(command)
    return click.option(
        "--url",
        envvar="TRINAMO_URL",
        default="http://127.0.0.1:8000",
        show_default=True,
        help="Where the cluster serves.",
    )(command)


def talk(url: str, token: str | None, method: str, name: str, body: dict[str, Any] | None = None) -> Any:
    """Return the answer to a request under `/_trinamo/`. Raises `click.ClickException`."""
    request = urllib.request.Request(
        f"{url.rstrip('/')}/_trinamo/{name}",
        None if body is None else json.dumps(body).encode(),
        {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})},
        method=method,
    )
    try:
        with urllib.request.urlopen(request, timeout=SECONDS_MAX) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            raise click.ClickException(_reason(error)) from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        raise click.ClickException(f"no cluster answers at {url}: {reason}") from None


def _reason(error: urllib.error.HTTPError) -> str:
    try:
        return str(json.load(error)["error"])
    except (ValueError, KeyError, TypeError):
        return f"{error.url} answers {error.code}"
