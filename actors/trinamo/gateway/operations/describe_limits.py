"""DescribeLimits: the quotas of an account in a Region, which are the service's default ones."""

from typing import Final

from trinamo.gateway.operations.database import Database
from trinamo.gateway.operations.operation import Caller, Operation
from trinamo.model.jsontext import dump_json
from trinamo.model.limits import ACCOUNT_READ_UNITS, ACCOUNT_WRITE_UNITS, TABLE_READ_UNITS, TABLE_WRITE_UNITS
from trinamo.model.shapes import Request, Structure

SHAPE: Final = Structure("DescribeLimitsInput")


async def _perform(_database: Database, _caller: Caller, _request: Request) -> bytes:
    return dump_json(
        {
            "AccountMaxReadCapacityUnits": ACCOUNT_READ_UNITS,
            "AccountMaxWriteCapacityUnits": ACCOUNT_WRITE_UNITS,
            "TableMaxReadCapacityUnits": TABLE_READ_UNITS,
            "TableMaxWriteCapacityUnits": TABLE_WRITE_UNITS,
        }
    )


DESCRIBE_LIMITS: Final = Operation("DescribeLimits", SHAPE, _perform)
