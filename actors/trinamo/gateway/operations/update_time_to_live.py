"""UpdateTimeToLive: says which attribute tells when items expire, or that none does any more."""

from typing import Final

from trinamo.gateway.operations.database import Database
from trinamo.gateway.operations.operation import Caller, Operation
from trinamo.gateway.operations.tablenames import EXISTING_TABLE_NAME
from trinamo.model.jsontext import dump_json
from trinamo.model.shapes import Request, Structure
from trinamo.model.tables import TableSpec, table_address
from trinamo.model.timetolive import CHANGE_INTERVAL_S, SPECIFICATION, with_time_to_live

SHAPE: Final = Structure("UpdateTimeToLiveInput", EXISTING_TABLE_NAME, SPECIFICATION)


async def _perform(database: Database, caller: Caller, request: Request) -> bytes:
    given = request[SPECIFICATION.name]
    interval_s = 0 if database.settled else CHANGE_INTERVAL_S

    def change(spec: TableSpec, now: float) -> TableSpec:
        return with_time_to_live(
            spec, given["AttributeName"], enabled=given["Enabled"], now=now, interval_s=interval_s
        )

    await database.change_settings(table_address(request["TableName"], *caller), change)
    return dump_json({SPECIFICATION.name: given})


UPDATE_TIME_TO_LIVE: Final = Operation("UpdateTimeToLive", SHAPE, _perform)
