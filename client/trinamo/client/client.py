"""The client: operations performed until they are done, or until it is known what became of them.

    table method or operation -> Client.call -> attempts, each through the transport -> answer

What may be tried again after which failure is decided by `trinamo.client.retries`, without a clock; here it is carried
out. Once an attempt may have had its effect, whatever fails afterwards is `OutcomeUnknown`: that a later attempt was
refused says nothing about the first.
"""

from collections.abc import AsyncIterator, Mapping
from typing import Any

from trinamo.client.environment import Environment
from trinamo.client.operations import Operations
from trinamo.client.retries import Attempts, Policy
from trinamo.client.table import Table
from trinamo.client.transport import Transport


class Client(Operations):
    """DynamoDB, for as long as the block of `connect` lasts. Any number of tasks may use it.

    Deadlines are the caller's: `anyio.fail_after`, `trio.fail_after`, `asyncio.timeout`. An operation that is cancelled
    may have been performed.
    """

    def __init__(self, transport: Transport, environment: Environment, retries: Policy) -> None:
        self._transport = transport
        self._environment = environment
        self._retries = retries

    def __repr__(self) -> str:
        return f"<Client {self._transport!r}>"

    @property
    def environment(self) -> Environment:
        """Where this client's time and dice come from."""
        return self._environment

    @property
    def retries(self) -> Policy:
        """How often what failed is tried again."""
        return self._retries

    def table(self, name: str, *, floats: bool = False) -> Table:
        """Return the table of a name or an ARN. Nothing is asked: it need not exist yet.

        `floats`: take them, as their shortest decimals; else they are refused. What is read is Decimal all the same.
        """
        return Table(self, name, floats=floats)

    async def tables(self) -> AsyncIterator[Table]:
        """Iterate over all tables, in order of their names."""
        parameters: dict[str, Any] = {}
        while True:
            answer = await self.call("ListTables", parameters)
            for name in answer["TableNames"]:
                yield Table(self, name)
            if "LastEvaluatedTableName" not in answer:
                return
            parameters = {"ExclusiveStartTableName": answer["LastEvaluatedTableName"]}

    async def call(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Perform an operation by its name in the API, with the API's parameters.

        Raises the errors of `trinamo.client.errors`.
        """
        attempts: Attempts | None = None
        while True:
            try:
                return await self._transport.call(operation, parameters)
            except Exception as failure:  # noqa: BLE001 - what it means is decided by the policy, which raises it
                attempts = attempts or self._retries.begin(operation, parameters)
                pause = attempts.failed(failure, self._environment.dice)
            await self._environment.sleep(pause)


class _Ended:
    """What a client has for a transport when its block is over."""

    async def call(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        raise RuntimeError("the block of this client's connect is over")


def end(client: Client) -> None:
    """Have a client refuse all further operations."""
    client._transport = _Ended()
