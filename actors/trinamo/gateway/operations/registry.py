"""The operations of this version, and the way from a request's JSON to its answer."""

from typing import Any, Final

from trinamo.gateway.operations.batch_execute_statement import BATCH_EXECUTE_STATEMENT
from trinamo.gateway.operations.batch_get_item import BATCH_GET_ITEM
from trinamo.gateway.operations.batch_write_item import BATCH_WRITE_ITEM
from trinamo.gateway.operations.create_table import CREATE_TABLE
from trinamo.gateway.operations.database import Database
from trinamo.gateway.operations.delete_item import DELETE_ITEM
from trinamo.gateway.operations.delete_table import DELETE_TABLE
from trinamo.gateway.operations.describe_table import DESCRIBE_TABLE
from trinamo.gateway.operations.execute_statement import EXECUTE_STATEMENT
from trinamo.gateway.operations.get_item import GET_ITEM
from trinamo.gateway.operations.list_tables import LIST_TABLES
from trinamo.gateway.operations.operation import Caller, Operation
from trinamo.gateway.operations.put_item import PUT_ITEM
from trinamo.gateway.operations.query import QUERY
from trinamo.gateway.operations.scan import SCAN
from trinamo.gateway.operations.update_item import UPDATE_ITEM
from trinamo.model.errors import not_in_this_version
from trinamo.model.shapes import read_request

OPERATIONS: Final[dict[str, Operation]] = {
    operation.name: operation
    for operation in (
        BATCH_EXECUTE_STATEMENT,
        BATCH_GET_ITEM,
        BATCH_WRITE_ITEM,
        CREATE_TABLE,
        DELETE_ITEM,
        DELETE_TABLE,
        DESCRIBE_TABLE,
        EXECUTE_STATEMENT,
        GET_ITEM,
        LIST_TABLES,
        PUT_ITEM,
        QUERY,
        SCAN,
        UPDATE_ITEM,
    )
}


async def perform(database: Database, name: str, account: str, region: str, parameters: Any) -> bytes:
    """Perform an operation of the service and return the JSON of its answer, or raise the `ApiError` of it.

    `parameters` is the decoded JSON of the request, which becomes ours: it is changed in place.
    """
    operation = OPERATIONS.get(name)
    if operation is None:
        raise not_in_this_version(name)
    request = read_request(operation.shape, parameters)
    return await operation.perform(database, Caller(account, region), request)
