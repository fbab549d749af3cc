"""Outcomes of what the cluster was asked, in the words of the API (PROTOCOLS 4)."""

from collections.abc import Awaitable
from typing import TypeVar

from trinamo.base import OperatingError, WrongEpoch
from trinamo.cluster import Unroutable
from trinamo.model.errors import internal_server_error, resource_not_found, service_unavailable

T = TypeVar("T")


async def carry_out(work: Awaitable[T]) -> T:
    """Await `work`, with operating errors in the API's words."""
    try:
        return await work
    except WrongEpoch:
        raise resource_not_found() from None
    except Unroutable:
        raise service_unavailable() from None
    except OperatingError:
        raise internal_server_error() from None
