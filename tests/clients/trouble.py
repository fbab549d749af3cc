"""What goes wrong in production, asked for in one test's table."""

from typing import Any

import attrs

from dynamodb.server import Server


@attrs.frozen
class Trouble:
    """Faults of a cluster that concern one table."""

    cluster: Server
    table: str

    def comes(self, verb: str, **fields: Any) -> None:
        """Have a fault happen from now on."""
        self.cluster.change("faults", verb=verb, table=self.table, **fields)

    def happened(self) -> int:
        """How often the faults of this table have happened."""
        faults = self.cluster.view("faults")["faults"]
        return sum(fault["fired"] for fault in faults if fault["table"] == self.table)
