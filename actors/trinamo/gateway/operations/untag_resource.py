"""UntagResource: takes tags from a table; it ignores keys that the table does not have."""

from typing import Final

from trinamo.gateway.operations.database import Database
from trinamo.gateway.operations.operation import Caller, Operation
from trinamo.gateway.operations.resources import NOTHING, RESOURCE_ARN, change_tags, resource_address
from trinamo.model.errors import validation
from trinamo.model.shapes import List, Member, Request, Structure
from trinamo.model.tags import TAG_KEY, without_tags

SHAPE: Final = Structure("UntagResourceInput", RESOURCE_ARN, Member("TagKeys", List(TAG_KEY)))


async def _perform(database: Database, caller: Caller, request: Request) -> bytes:
    address = resource_address(request, caller)
    keys = request.get("TagKeys")
    if not keys:
        raise validation("Atleast one Tag Key needs to be provided as Input.")
    await change_tags(database, address, request, lambda spec, _: without_tags(spec, keys))
    return NOTHING


UNTAG_RESOURCE: Final = Operation("UntagResource", SHAPE, _perform)
