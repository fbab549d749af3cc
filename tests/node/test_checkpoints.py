"""Checkpoints of triggers: they only grow, and a shard is over when that is kept."""

from typing import Any

from trinamo.model.errors import ApiError, internal_server_error
from trinamo.node.checkpoints import FINISHED, Checkpoints


class Service:
    """Takes requests, or fails as often as it is told."""

    def __init__(self, failures: int = 0, error: ApiError | None = None) -> None:
        self.failures = failures
        self.error = error or internal_server_error()
        self.requests: list[dict[str, Any]] = []

    async def ask(self, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        if operation == "Query":
            return {"Items": []}
        self.requests.append(parameters)
        if self.failures:
            self.failures -= 1
            raise self.error
        return {}


async def test_a_shard_is_over_only_when_that_is_kept() -> None:
    service = Service(failures=2)
    checkpoints, seen = Checkpoints(service.ask), []

    async def pause() -> None:
        seen.append(await checkpoints.read("t", "shard"))

    await checkpoints.finish("t", "shard", pause)
    assert seen == [None, None]
    assert await checkpoints.read("t", "shard") == FINISHED
    assert len(service.requests) == 3


async def test_a_write_that_comes_late_takes_no_shard_back() -> None:
    service = Service()
    await Checkpoints(service.ask).write("t", "shard", "100000000000000000007")
    [request] = service.requests
    assert request["ConditionExpression"] == "attribute_not_exists(#at) OR #at <= :at"
    assert request["ExpressionAttributeValues"] == {":at": {"S": "100000000000000000007"}}
    assert FINISHED > "1" * 21


async def test_what_is_kept_further_is_kept() -> None:
    unmet = ApiError("ConditionalCheckFailedException", "The conditional request failed")
    service = Service(failures=1, error=unmet)
    checkpoints = Checkpoints(service.ask)

    async def pause() -> None:
        raise AssertionError("nothing is left to be kept")

    await checkpoints.finish("t", "shard", pause)
    assert await checkpoints.read("t", "shard") == FINISHED
