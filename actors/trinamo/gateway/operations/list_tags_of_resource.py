"""ListTagsOfResource: the tags of a table, a page at a time.

A page's token is the last key of the page before, in base64.
"""

import base64
import binascii
from typing import Any, Final

from trinamo.gateway.operations.database import Database
from trinamo.gateway.operations.operation import Caller, Operation
from trinamo.gateway.operations.resources import RESOURCE_ARN, resource_address
from trinamo.model.errors import access_denied, validation
from trinamo.model.jsontext import dump_json
from trinamo.model.shapes import Member, Request, String, Structure
from trinamo.model.tags import page_of_tags

SHAPE: Final = Structure("ListTagsOfResourceInput", RESOURCE_ARN, Member("NextToken", String()))


async def _perform(database: Database, caller: Caller, request: Request) -> bytes:
    address = resource_address(request, caller)
    token = request.get("NextToken")
    after = None if token is None else _key(token)
    table = await database.find_table(address)
    if table is None:  # not even whether it is there is told
        raise access_denied(caller.account, LIST_TAGS_OF_RESOURCE.name, request["ResourceArn"])
    page, more = page_of_tags(table.spec, after)
    answer: dict[str, Any] = {"Tags": [{"Key": tag.key, "Value": tag.value} for tag in page]}
    if more:
        answer["NextToken"] = _token(page[-1].key)
    return dump_json(answer)


def _token(key: str) -> str:
    return base64.urlsafe_b64encode(key.encode()).decode()


def _key(token: str) -> str:
    try:
        return base64.b64decode(token, altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        raise validation("Invalid NextToken") from None


LIST_TAGS_OF_RESOURCE: Final = Operation("ListTagsOfResource", SHAPE, _perform)
