"""The operations of this version, and the way from a request's JSON to its answer."""

from typing import Any, Final

from trinamo.gateway.operations.batch_execute_statement import BATCH_EXECUTE_STATEMENT
from trinamo.gateway.operations.batch_get_item import BATCH_GET_ITEM
from trinamo.gateway.operations.batch_write_item import BATCH_WRITE_ITEM
from trinamo.gateway.operations.create_table import CREATE_TABLE
from trinamo.gateway.operations.database import Database
from trinamo.gateway.operations.delete_item import DELETE_ITEM
from trinamo.gateway.operations.delete_table import DELETE_TABLE
from trinamo.gateway.operations.describe_endpoints import DESCRIBE_ENDPOINTS
from trinamo.gateway.operations.describe_kinesis_streaming_destination import (
    DESCRIBE_KINESIS_STREAMING_DESTINATION,
)
from trinamo.gateway.operations.describe_limits import DESCRIBE_LIMITS
from trinamo.gateway.operations.describe_stream import DESCRIBE_STREAM
from trinamo.gateway.operations.describe_table import DESCRIBE_TABLE
from trinamo.gateway.operations.describe_time_to_live import DESCRIBE_TIME_TO_LIVE
from trinamo.gateway.operations.disable_kinesis_streaming_destination import (
    DISABLE_KINESIS_STREAMING_DESTINATION,
)
from trinamo.gateway.operations.enable_kinesis_streaming_destination import (
    ENABLE_KINESIS_STREAMING_DESTINATION,
)
from trinamo.gateway.operations.execute_statement import EXECUTE_STATEMENT
from trinamo.gateway.operations.get_item import GET_ITEM
from trinamo.gateway.operations.get_records import GET_RECORDS
from trinamo.gateway.operations.get_shard_iterator import GET_SHARD_ITERATOR
from trinamo.gateway.operations.list_streams import LIST_STREAMS
from trinamo.gateway.operations.list_tables import LIST_TABLES
from trinamo.gateway.operations.list_tags_of_resource import LIST_TAGS_OF_RESOURCE
from trinamo.gateway.operations.operation import Caller, Operation
from trinamo.gateway.operations.put_item import PUT_ITEM
from trinamo.gateway.operations.query import QUERY
from trinamo.gateway.operations.scan import SCAN
from trinamo.gateway.operations.tag_resource import TAG_RESOURCE
from trinamo.gateway.operations.untag_resource import UNTAG_RESOURCE
from trinamo.gateway.operations.update_item import UPDATE_ITEM
from trinamo.gateway.operations.update_kinesis_streaming_destination import (
    UPDATE_KINESIS_STREAMING_DESTINATION,
)
from trinamo.gateway.operations.update_table import UPDATE_TABLE
from trinamo.gateway.operations.update_time_to_live import UPDATE_TIME_TO_LIVE
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
        DESCRIBE_ENDPOINTS,
        DESCRIBE_KINESIS_STREAMING_DESTINATION,
        DESCRIBE_LIMITS,
        DESCRIBE_STREAM,
        DESCRIBE_TABLE,
        DESCRIBE_TIME_TO_LIVE,
        DISABLE_KINESIS_STREAMING_DESTINATION,
        ENABLE_KINESIS_STREAMING_DESTINATION,
        EXECUTE_STATEMENT,
        GET_ITEM,
        GET_RECORDS,
        GET_SHARD_ITERATOR,
        LIST_STREAMS,
        LIST_TABLES,
        LIST_TAGS_OF_RESOURCE,
        PUT_ITEM,
        QUERY,
        SCAN,
        TAG_RESOURCE,
        UNTAG_RESOURCE,
        UPDATE_ITEM,
        UPDATE_KINESIS_STREAMING_DESTINATION,
        UPDATE_TABLE,
        UPDATE_TIME_TO_LIVE,
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
