"""CreateTable: its shape, and the checks between the shape and the catalog, in the service's order.

`read_creation` takes the JSON of a request to a `TableSpec`, or raises the error that the service would answer. What
it accepts is a table of the service; whether this version can serve it is for the operation to say.
"""

from typing import Any, Final

from trinamo.model.declarations import (
    BILLING_MODE,
    DEFINITIONS,
    DELETION_PROTECTION,
    ENCRYPTION,
    GLOBAL_INDEX,
    INDEX_NAME,
    KEY_ELEMENT,
    ON_DEMAND,
    PROJECTION,
    PROVISIONED,
    REPLICATION_MODE,
    STREAM,
    TABLE_CLASS,
    WARM,
)
from trinamo.model.envelope import envelope
from trinamo.model.errors import ApiError, invalid_parameters, not_in_this_version, validation
from trinamo.model.indexspecs import (
    check_all_used,
    check_projected_names,
    global_indexes,
    local_indexes,
    table_keys,
)
from trinamo.model.keys import KeyAttribute
from trinamo.model.limits import RESOURCE_POLICY_SIZE_MAX, TABLE_NAME_LENGTH_MIN
from trinamo.model.shapes import List, Member, Request, String, Structure, TableName, read_request
from trinamo.model.tables import BillingMode, Encryption, TableSpec, Throughput, table_address
from trinamo.model.tags import TAGS, tags
from trinamo.model.throughput import (
    check_bounds,
    declared_warm,
    on_demand_limits,
    provisioned,
    refuse_on_demand,
)
from trinamo.model.vectorindexes import VECTOR_INDEXES

TABLE_NAME_MISSING: Final = "The parameter 'TableName' is required but was not present in the request"


def _table_name_guard(value: Any) -> ApiError | None:
    if value is None:
        return validation(TABLE_NAME_MISSING)
    violations = list(_TABLE_NAME.violations(value, "tableName"))
    return envelope(violations) if violations else None


def _source_guard(value: Any) -> ApiError | None:
    """A table with a source inherits its keys, so that the request need not have them."""
    return None if value is None else not_in_this_version("GlobalTableSourceArn of CreateTable")


_TABLE_NAME = TableName(TABLE_NAME_LENGTH_MIN)
CREATE_TABLE: Final = Structure(
    "CreateTableInput",
    Member("TableName", _TABLE_NAME, required=True, guard=_table_name_guard),
    BILLING_MODE,
    PROVISIONED,
    Member("KeySchema", List(KEY_ELEMENT, 1, 2), required=True),
    Member("AttributeDefinitions", DEFINITIONS, required=True),
    Member(
        "LocalSecondaryIndexes",
        List(
            Structure(
                "LocalSecondaryIndex",
                INDEX_NAME,
                Member("KeySchema", List(KEY_ELEMENT, 1, 2), required=True),
                PROJECTION,
            )
        ),
    ),
    Member("GlobalSecondaryIndexes", List(Structure("GlobalSecondaryIndex", *GLOBAL_INDEX))),
    STREAM,
    ENCRYPTION,
    TABLE_CLASS,
    DELETION_PROTECTION,
    TAGS,
    ON_DEMAND,
    WARM,
    Member("ResourcePolicy", String()),
    Member("GlobalTableSourceArn", String(), guard=_source_guard),
    REPLICATION_MODE,
    VECTOR_INDEXES,
)


def read_creation(raw: Any) -> tuple[Request, TableSpec]:
    """Return the members and the spec of a CreateTable request, or raise the `ApiError` it deserves."""
    request = read_request(CREATE_TABLE, raw)
    return request, creation_spec(request)


def creation_spec(request: Request) -> TableSpec:
    """Return the spec of a request whose shape is right, or raise the `ApiError` of what it means."""
    mode = BillingMode(request.get("BillingMode", "PROVISIONED"))
    throughput = _throughput(request, mode)
    definitions = {d["AttributeName"]: d["AttributeType"] for d in request["AttributeDefinitions"]}
    keys = table_keys(request["KeySchema"], definitions)
    if len(definitions) < len(request["AttributeDefinitions"]):
        raise invalid_parameters("Cannot specify duplicate attribute name in AttributeDefinitions")
    _refuse_empty_lists(request)
    local = local_indexes(request.get("LocalSecondaryIndexes", []), keys, definitions)
    global_ = global_indexes(request.get("GlobalSecondaryIndexes", []), local, definitions, mode)
    check_projected_names([*local, *global_])
    check_all_used(definitions, keys, [*local, *global_])
    stream_view = _stream_view(request.get("StreamSpecification"))
    on_demand = on_demand_limits(request.get("OnDemandThroughput"), mode)
    warm = declared_warm(request.get("WarmThroughput"), mode, throughput)
    return TableSpec(
        name=table_address(request["TableName"], "", "").name,
        attributes=tuple(KeyAttribute(name, code) for name, code in definitions.items()),
        keys=keys,
        billing_mode=mode,
        throughput=throughput,
        local_indexes=local,
        global_indexes=global_,
        stream_view=stream_view,
        encryption=encryption(request.get("SSESpecification")),
        table_class=request.get("TableClass"),
        deletion_protection=request.get("DeletionProtectionEnabled", False),
        on_demand=on_demand,
        warm=warm,
        tags=tags(request.get("Tags", [])),
        resource_policy=_resource_policy(request.get("ResourcePolicy")),
    )


def _throughput(request: Request, mode: BillingMode) -> Throughput:
    given = request.get("ProvisionedThroughput")
    if mode is BillingMode.PAY_PER_REQUEST:
        refuse_on_demand(given)
    check_bounds(given)
    for index in request.get("GlobalSecondaryIndexes", []):
        check_bounds(index.get("ProvisionedThroughput"), index["IndexName"])
    if given is None and mode is BillingMode.PROVISIONED:
        raise invalid_parameters(
            "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED"
        )
    return Throughput(0, 0) if given is None else provisioned(given)


def _refuse_empty_lists(request: Request) -> None:
    for name in ("LocalSecondaryIndexes", "GlobalSecondaryIndexes"):
        if request.get(name) == []:
            raise invalid_parameters(f"List of {name} is empty")


def _stream_view(given: Request | None) -> str | None:
    if given is None:
        return None
    view: str | None = given.get("StreamViewType")
    check_view(given)
    if not given["StreamEnabled"] and view is not None:
        raise invalid_parameters(
            "Table is being created with a stream disabled, UpdateViewType should not be specified"
        )
    return view


def check_view(given: Request) -> None:
    """Raise the error of a stream that is to be enabled without saying what it shows."""
    if given["StreamEnabled"] and "StreamViewType" not in given:
        raise invalid_parameters("StreamViewType must be specified when StreamEnabled is true")


def encryption(given: Request | None) -> Encryption | None:
    """Return what an SSESpecification says."""
    if given is None:
        return None
    return Encryption(given.get("Enabled", False), given.get("SSEType", "KMS"), given.get("KMSMasterKeyId"))


def _resource_policy(given: str | None) -> str | None:
    if given is not None and len(given.encode()) > RESOURCE_POLICY_SIZE_MAX:
        raise validation(f"A resource policy has at most {RESOURCE_POLICY_SIZE_MAX} bytes")
    return given
