"""DescribeEndpoints: where the service is, as it says so itself: by the name of its host in the Region."""

from typing import Final

from trinamo.gateway.operations.database import Database
from trinamo.gateway.operations.operation import Caller, Operation
from trinamo.model.jsontext import dump_json
from trinamo.model.shapes import Request, Structure

SHAPE: Final = Structure("DescribeEndpointsRequest")
CACHE_MINUTES: Final = 1440  # observed


async def _perform(_database: Database, caller: Caller, _request: Request) -> bytes:
    endpoint = {
        "Address": f"dynamodb.{caller.region}.amazonaws.com",
        "CachePeriodInMinutes": CACHE_MINUTES,
    }
    return dump_json({"Endpoints": [endpoint]})


DESCRIBE_ENDPOINTS: Final = Operation("DescribeEndpoints", SHAPE, _perform)
