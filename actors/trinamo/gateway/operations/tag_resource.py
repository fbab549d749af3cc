"""TagResource: hangs tags on a table; those of equal keys are replaced."""

from typing import Final

from trinamo.gateway.operations.database import Database
from trinamo.gateway.operations.operation import Caller, Operation
from trinamo.gateway.operations.resources import NOTHING, RESOURCE_ARN, change_tags, resource_address
from trinamo.model.errors import validation
from trinamo.model.shapes import Request, Structure
from trinamo.model.tags import TAGS, tags, with_tags

SHAPE: Final = Structure("TagResourceInput", RESOURCE_ARN, TAGS)


async def _perform(database: Database, caller: Caller, request: Request) -> bytes:
    address = resource_address(request, caller)
    if not request.get("Tags"):
        raise validation("Atleast one Tag needs to be provided as Input.")
    new = tags(request["Tags"])
    await change_tags(database, address, request, lambda spec, _: with_tags(spec, new))
    return NOTHING


TAG_RESOURCE: Final = Operation("TagResource", SHAPE, _perform)
