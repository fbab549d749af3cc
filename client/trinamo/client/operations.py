"""Every operation of the API by its name in Python: `db.describe_table(TableName="orders")`.

Parameters and results are the API's own. Names that the API does not have are errors of the type checker, and
`AttributeError` at run time.
"""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, Protocol

from trinamo.model.operations import SERVICES


def snake_case(name: str) -> str:
    """Return the Python name of an operation: `GetItem` is `get_item`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


OPERATIONS: Final[Mapping[str, str]] = {snake_case(name): name for name in SERVICES}
"""Operations by their Python names."""


class Operation(Protocol):
    """Performs an operation once or, where that does no harm, until it is done."""

    async def __call__(self, **parameters: Any) -> dict[str, Any]: ...


class Operations:
    """All operations as methods; how they are performed, a subclass says in `call`."""

    batch_execute_statement: Operation
    batch_get_item: Operation
    batch_write_item: Operation
    cancel_bulk_operation: Operation
    create_backup: Operation
    create_global_table: Operation
    create_table: Operation
    delete_backup: Operation
    delete_item: Operation
    delete_resource_policy: Operation
    delete_table: Operation
    describe_backup: Operation
    describe_bulk_operation: Operation
    describe_continuous_backups: Operation
    describe_contributor_insights: Operation
    describe_endpoints: Operation
    describe_export: Operation
    describe_global_table: Operation
    describe_global_table_settings: Operation
    describe_import: Operation
    describe_kinesis_streaming_destination: Operation
    describe_limits: Operation
    describe_stream: Operation
    describe_table: Operation
    describe_table_replica_auto_scaling: Operation
    describe_time_to_live: Operation
    disable_kinesis_streaming_destination: Operation
    enable_kinesis_streaming_destination: Operation
    execute_statement: Operation
    execute_transaction: Operation
    export_table_to_point_in_time: Operation
    get_item: Operation
    get_records: Operation
    get_resource_policy: Operation
    get_shard_iterator: Operation
    import_table: Operation
    list_backups: Operation
    list_bulk_operations: Operation
    list_contributor_insights: Operation
    list_exports: Operation
    list_global_tables: Operation
    list_imports: Operation
    list_streams: Operation
    list_tables: Operation
    list_tags_of_resource: Operation
    put_item: Operation
    put_resource_policy: Operation
    query: Operation
    restore_table_from_backup: Operation
    restore_table_to_point_in_time: Operation
    scan: Operation
    search_vectors: Operation
    start_bulk_put_items: Operation
    tag_resource: Operation
    transact_get_items: Operation
    transact_write_items: Operation
    untag_resource: Operation
    update_continuous_backups: Operation
    update_contributor_insights: Operation
    update_global_table: Operation
    update_global_table_settings: Operation
    update_item: Operation
    update_kinesis_streaming_destination: Operation
    update_table: Operation
    update_table_replica_auto_scaling: Operation
    update_time_to_live: Operation

    async def call(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Perform an operation by its name in the API, with the API's parameters."""
        raise NotImplementedError

    if not TYPE_CHECKING:  # a type checker shall know all names, and complain of others

        def __getattr__(self, name: str) -> Operation:
            operation = OPERATIONS.get(name)
            if operation is None:
                raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

            async def perform(**parameters: Any) -> dict[str, Any]:
                return await self.call(operation, parameters)

            perform.__name__ = name
            return perform

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *OPERATIONS})
