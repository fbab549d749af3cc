"""CreateTable: its shape, and the checks between the shape and the catalog, in the service's order.

`read_creation` takes the JSON of a request to a `TableSpec`, or raises the error that the service would answer. What
it accepts is a table of the service; whether this version can serve it is for the operation to say.
"""

from collections.abc import Iterable
from typing import Any, Final

from trinamo.model.envelope import envelope
from trinamo.model.errors import ApiError, invalid_parameters, validation
from trinamo.model.keys import KeyAttribute, KeySchema
from trinamo.model.limits import (
    CAPACITY_UNITS_MAX,
    GLOBAL_INDEXES_MAX,
    KEY_NAME_SIZE_MAX,
    LOCAL_INDEXES_MAX,
    PROJECTED_NAMES_MAX,
    PROJECTED_NAMES_TABLE_MAX,
    RESOURCE_POLICY_SIZE_MAX,
    TABLE_NAME_LENGTH_MAX,
    TABLE_NAME_LENGTH_MIN,
    TAG_KEY_LENGTH_MAX,
    TAG_VALUE_LENGTH_MAX,
    TAGS_MAX,
    WARM_READ_UNITS,
    WARM_WRITE_UNITS,
)
from trinamo.model.shapes import (
    NAME_PATTERN,
    Boolean,
    List,
    Member,
    Request,
    String,
    Structure,
    TableName,
    long,
    read_request,
)
from trinamo.model.tables import (
    BillingMode,
    Encryption,
    IndexSpec,
    Projection,
    TableSpec,
    Tag,
    Throughput,
    table_address,
)

TABLE_NAME_MISSING: Final = "The parameter 'TableName' is required but was not present in the request"
INDEX_KEY_ATTRIBUTES_MAX: Final = 4  # DynamoDB: in each half of a global index's key


def _table_name_guard(value: Any) -> ApiError | None:
    if value is None:
        return validation(TABLE_NAME_MISSING)
    violations = list(_TABLE_NAME.violations(value, "tableName"))
    return envelope(violations) if violations else None


_TABLE_NAME = TableName(TABLE_NAME_LENGTH_MIN)
_INDEX_NAME = String(TABLE_NAME_LENGTH_MIN, TABLE_NAME_LENGTH_MAX, NAME_PATTERN)
_KEY_NAME = String(1, KEY_NAME_SIZE_MAX)
_KEY_ELEMENT = Structure(
    "KeySchemaElement",
    Member("AttributeName", _KEY_NAME, required=True),
    Member("KeyType", String(one_of=("HASH", "RANGE")), required=True),
)
_DEFINITION = Structure(
    "AttributeDefinition",
    Member("AttributeName", _KEY_NAME, required=True),
    Member("AttributeType", String(one_of=("B", "N", "S")), required=True),
)
_PROVISIONED = Structure(
    "ProvisionedThroughput",
    Member("WriteCapacityUnits", long(1), required=True),
    Member("ReadCapacityUnits", long(1), required=True),
)
_ON_DEMAND = Structure(
    "OnDemandThroughput", Member("MaxReadRequestUnits", long()), Member("MaxWriteRequestUnits", long())
)
_WARM = Structure(
    "WarmThroughput", Member("ReadUnitsPerSecond", long()), Member("WriteUnitsPerSecond", long())
)
_PROJECTION = Structure(
    "Projection",
    Member("ProjectionType", String(one_of=("ALL", "INCLUDE", "KEYS_ONLY"))),
    Member("NonKeyAttributes", List(_KEY_NAME, 1, PROJECTED_NAMES_MAX)),
)
CREATE_TABLE: Final = Structure(
    "CreateTableInput",
    Member("TableName", _TABLE_NAME, required=True, guard=_table_name_guard),
    Member("BillingMode", String(one_of=("PROVISIONED", "PAY_PER_REQUEST"))),
    Member("ProvisionedThroughput", _PROVISIONED),
    Member("KeySchema", List(_KEY_ELEMENT, 1, 2), required=True),
    Member("AttributeDefinitions", List(_DEFINITION), required=True),
    Member(
        "LocalSecondaryIndexes",
        List(
            Structure(
                "LocalSecondaryIndex",
                Member("IndexName", _INDEX_NAME, required=True),
                Member("KeySchema", List(_KEY_ELEMENT, 1, 2), required=True),
                Member("Projection", _PROJECTION, required=True),
            )
        ),
    ),
    Member(
        "GlobalSecondaryIndexes",
        List(
            Structure(
                "GlobalSecondaryIndex",
                Member("KeySchema", List(_KEY_ELEMENT, 1, 2 * INDEX_KEY_ATTRIBUTES_MAX), required=True),
                Member("Projection", _PROJECTION, required=True),
                Member("IndexName", _INDEX_NAME, required=True),
                Member("ProvisionedThroughput", _PROVISIONED),
                Member("OnDemandThroughput", _ON_DEMAND),
                Member("WarmThroughput", _WARM),
            )
        ),
    ),
    Member(
        "StreamSpecification",
        Structure(
            "StreamSpecification",
            Member("StreamEnabled", Boolean(), required=True),
            Member(
                "StreamViewType",
                String(one_of=("NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES", "KEYS_ONLY")),
            ),
        ),
    ),
    Member(
        "SSESpecification",
        Structure(
            "SSESpecification",
            Member("Enabled", Boolean()),
            Member("SSEType", String(one_of=("AES256", "KMS"))),
            Member("KMSMasterKeyId", String()),
        ),
    ),
    Member("TableClass", String(one_of=("STANDARD", "STANDARD_INFREQUENT_ACCESS"))),
    Member("DeletionProtectionEnabled", Boolean()),
    Member(
        "Tags",
        List(
            Structure(
                "Tag",
                Member("Key", String(1, TAG_KEY_LENGTH_MAX), required=True),
                Member("Value", String(0, TAG_VALUE_LENGTH_MAX), required=True),
            )
        ),
    ),
    Member("OnDemandThroughput", _ON_DEMAND),
    Member("WarmThroughput", _WARM),
    Member("ResourcePolicy", String()),
    Member("GlobalTableSourceArn", String()),
    Member(
        "GlobalTableSettingsReplicationMode", String(one_of=("ENABLED", "DISABLED", "ENABLED_WITH_OVERRIDES"))
    ),
    Member("VectorIndexes", List(Structure("VectorIndex"))),
)


def read_creation(raw: Any) -> tuple[Request, TableSpec]:
    """Return the members and the spec of a CreateTable request, or raise the `ApiError` it deserves."""
    request = read_request(CREATE_TABLE, raw)
    return request, creation_spec(request)


def creation_spec(request: Request) -> TableSpec:
    """Return the spec of a request whose shape is right, or raise the `ApiError` of what it means."""
    mode = BillingMode(request.get("BillingMode", "PROVISIONED"))
    throughput = _checked_throughput(request, mode)
    definitions = {d["AttributeName"]: d["AttributeType"] for d in request["AttributeDefinitions"]}
    keys = _table_keys(request["KeySchema"], definitions)
    if len(definitions) < len(request["AttributeDefinitions"]):
        raise invalid_parameters("Cannot specify duplicate attribute name in AttributeDefinitions")
    _refuse_empty_lists(request)
    local_indexes = _local_indexes(request.get("LocalSecondaryIndexes", []), keys, definitions)
    global_indexes = _global_indexes(
        request.get("GlobalSecondaryIndexes", []), local_indexes, definitions, mode
    )
    _check_projected_names([*local_indexes, *global_indexes])
    _check_all_used(definitions, keys, [*local_indexes, *global_indexes])
    stream_view = _stream_view(request.get("StreamSpecification"))
    on_demand = _on_demand(request.get("OnDemandThroughput"), mode)
    warm = _warm(request.get("WarmThroughput"), mode, throughput, "table")
    return TableSpec(
        name=table_address(request["TableName"], "", "").name,
        attributes=tuple(KeyAttribute(name, code) for name, code in definitions.items()),
        keys=keys,
        billing_mode=mode,
        throughput=throughput,
        local_indexes=local_indexes,
        global_indexes=global_indexes,
        stream_view=stream_view,
        encryption=_encryption(request.get("SSESpecification")),
        table_class=request.get("TableClass"),
        deletion_protection=request.get("DeletionProtectionEnabled", False),
        on_demand=on_demand,
        warm=warm,
        tags=_tags(request.get("Tags", [])),
        resource_policy=_resource_policy(request.get("ResourcePolicy")),
    )


def _checked_throughput(request: Request, mode: BillingMode) -> Throughput:
    given = request.get("ProvisionedThroughput")
    if given is not None and mode is BillingMode.PAY_PER_REQUEST:
        raise invalid_parameters(
            "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST"
        )
    if given is not None:
        _check_bounds(given, "")
    for index in request.get("GlobalSecondaryIndexes", []):
        if "ProvisionedThroughput" in index:
            _check_bounds(index["ProvisionedThroughput"], f" for index {index['IndexName']}")
    if given is None and mode is BillingMode.PROVISIONED:
        raise invalid_parameters(
            "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED"
        )
    return Throughput(0, 0) if given is None else _throughput(given)


def _throughput(given: Request) -> Throughput:
    return Throughput(given["ReadCapacityUnits"], given["WriteCapacityUnits"])


def _check_bounds(given: Request, of_what: str) -> None:
    for name in ("ReadCapacityUnits", "WriteCapacityUnits"):
        if given[name] > CAPACITY_UNITS_MAX:
            raise validation(f"Given value {given[name]} for {name} is out of bounds{of_what}")


def _table_keys(elements: list[Request], definitions: dict[str, str]) -> KeySchema:
    _check_defined(elements, definitions)
    _check_structure(elements)
    attributes = [_key_attribute(element, definitions) for element in elements]
    return KeySchema(attributes[0], attributes[1] if len(attributes) > 1 else None)


def _key_attribute(element: Request, definitions: dict[str, str]) -> KeyAttribute:
    return KeyAttribute(element["AttributeName"], definitions[element["AttributeName"]])


def _check_defined(elements: list[Request], definitions: dict[str, str]) -> None:
    names = [element["AttributeName"] for element in elements]
    if all(name in definitions for name in names):
        return
    if len(names) == 1 and definitions:
        raise invalid_parameters(
            "Some index key attributes are not defined in AttributeDefinitions."
            f" Keys: [{names[0]}], AttributeDefinitions: [{', '.join(definitions)}]"
        )
    raise validation("Invalid KeySchema: Some index key attribute have no definition")


def _check_structure(elements: list[Request]) -> None:
    if elements[0]["KeyType"] != "HASH":
        raise validation("Invalid KeySchema: The first KeySchemaElement is not a HASH key type")
    if len(elements) == 1:
        return
    if elements[0]["AttributeName"] == elements[1]["AttributeName"]:
        raise validation("Both the Hash Key and the Range Key element in the KeySchema have the same name")
    if elements[1]["KeyType"] != "RANGE":
        raise validation("Invalid KeySchema: The second KeySchemaElement is not a RANGE key type")


def _refuse_empty_lists(request: Request) -> None:
    for name in ("LocalSecondaryIndexes", "GlobalSecondaryIndexes"):
        if request.get(name) == []:
            raise invalid_parameters(f"List of {name} is empty")


def _local_indexes(
    declared: list[Request], keys: KeySchema, definitions: dict[str, str]
) -> tuple[IndexSpec, ...]:
    indexes: list[IndexSpec] = []
    for index in declared:
        if keys.sort is None:
            raise invalid_parameters(
                "Table KeySchema does not have a range key, which is required when specifying a LocalSecondaryIndex"
            )
        index_keys = _local_index_keys(index, keys, definitions)
        projection = _projection(index["Projection"])
        _refuse_duplicate_name(index["IndexName"], indexes)
        assert index_keys.sort is not None
        indexes.append(IndexSpec(index["IndexName"], (index_keys.partition,), (index_keys.sort,), projection))
    if len(indexes) > LOCAL_INDEXES_MAX:
        raise invalid_parameters(
            f"Number of LocalSecondaryIndexes exceeds per-table limit of {LOCAL_INDEXES_MAX}"
        )
    return tuple(indexes)


def _local_index_keys(index: Request, keys: KeySchema, definitions: dict[str, str]) -> KeySchema:
    name, index_keys = index["IndexName"], _table_keys(index["KeySchema"], definitions)
    if index_keys.sort is None:
        raise invalid_parameters(f"Index KeySchema does not have a range key for index: {name}")
    if index_keys.partition != keys.partition:
        raise invalid_parameters(
            f"Index KeySchema does not have the same leading hash key as table KeySchema for index: {name}."
            f" index hash key: {index_keys.partition.name}, table hash key: {keys.partition.name}"
        )
    if index_keys == keys:
        raise invalid_parameters(
            "Index KeySchema: The index KeySchema must not be the same as the table KeySchema"
        )
    return index_keys


def _global_indexes(
    declared: list[Request],
    local_indexes: tuple[IndexSpec, ...],
    definitions: dict[str, str],
    mode: BillingMode,
) -> tuple[IndexSpec, ...]:
    indexes: list[IndexSpec] = []
    for index in declared:
        _check_defined(index["KeySchema"], definitions)
        partition, sort = _global_index_keys(index["KeySchema"], definitions)
        projection = _projection(index["Projection"])
        _refuse_duplicate_name(index["IndexName"], [*local_indexes, *indexes])
        indexes.append(
            IndexSpec(
                index["IndexName"],
                partition,
                sort,
                projection,
                _throughput(index["ProvisionedThroughput"]) if "ProvisionedThroughput" in index else None,
                _on_demand(index.get("OnDemandThroughput"), mode),
            )
        )
    if len(indexes) > GLOBAL_INDEXES_MAX:
        raise invalid_parameters(
            f"GlobalSecondaryIndex count exceeds the per-table limit of {GLOBAL_INDEXES_MAX}"
        )
    return tuple(_with_capacity(index, given, mode) for index, given in zip(indexes, declared, strict=True))


def _global_index_keys(
    elements: list[Request], definitions: dict[str, str]
) -> tuple[tuple[KeyAttribute, ...], tuple[KeyAttribute, ...]]:
    names = [element["AttributeName"] for element in elements]
    kinds = [element["KeyType"] for element in elements]
    if kinds[0] != "HASH" or len(elements) == 1 or names[0] == names[1]:
        _check_structure(elements)
    hashes = kinds.count("HASH")
    if "HASH" in kinds[hashes:]:
        raise validation("Invalid KeySchema: The HASH key elements must come before the RANGE key elements")
    if len(set(names)) < len(names):
        raise validation("Invalid KeySchema: An attribute stands in the KeySchema more than once")
    if max(hashes, len(kinds) - hashes) > INDEX_KEY_ATTRIBUTES_MAX:
        raise validation(
            f"Invalid KeySchema: No more than {INDEX_KEY_ATTRIBUTES_MAX} elements of one key type are allowed"
        )
    attributes = tuple(_key_attribute(element, definitions) for element in elements)
    return attributes[:hashes], attributes[hashes:]


def _with_capacity(index: IndexSpec, given: Request, mode: BillingMode) -> IndexSpec:
    if mode is BillingMode.PAY_PER_REQUEST and index.throughput is not None:
        raise invalid_parameters(
            f"ProvisionedThroughput should not be specified for index: {index.name}"
            " when BillingMode is PAY_PER_REQUEST"
        )
    if mode is BillingMode.PROVISIONED and index.throughput is None:
        raise invalid_parameters(f"ProvisionedThroughput is not specified for index: {index.name}")
    throughput = index.throughput or Throughput(0, 0)
    warm = _warm(given.get("WarmThroughput"), mode, throughput, f"index {index.name}")
    return IndexSpec(
        index.name, index.partition, index.sort, index.projection, index.throughput, index.on_demand, warm
    )


def _refuse_duplicate_name(name: str, before: Iterable[IndexSpec]) -> None:
    if any(index.name == name for index in before):
        raise invalid_parameters(f"Duplicate index name: {name}")


def _projection(given: Request) -> Projection:
    code, names = given.get("ProjectionType"), given.get("NonKeyAttributes")
    if code is None:
        raise invalid_parameters("Unknown ProjectionType: null")
    if code != "INCLUDE" and names is not None:
        raise invalid_parameters(f"ProjectionType is {code}, but NonKeyAttributes is specified")
    if code == "INCLUDE" and names is None:
        raise invalid_parameters("ProjectionType is INCLUDE, but NonKeyAttributes is not specified")
    return Projection(code, tuple(names or ()))


def _check_projected_names(indexes: list[IndexSpec]) -> None:
    if sum(len(index.projection.names) for index in indexes) > PROJECTED_NAMES_TABLE_MAX:
        raise invalid_parameters(
            f"Number of NonKeyAttributes over all indexes exceeds the per-table limit of {PROJECTED_NAMES_TABLE_MAX}"
        )


def _check_all_used(definitions: dict[str, str], keys: KeySchema, indexes: list[IndexSpec]) -> None:
    used = dict.fromkeys(attribute.name for attribute in keys.attributes)
    for index in indexes:
        used.update(dict.fromkeys(attribute.name for attribute in (*index.partition, *index.sort)))
    if len(used) == len(definitions):
        return
    if indexes:
        raise invalid_parameters(
            "Some AttributeDefinitions are not used."
            f" AttributeDefinitions: [{', '.join(definitions)}], keys used: [{', '.join(used)}]"
        )
    raise invalid_parameters(
        "Number of attributes in KeySchema does not exactly match number of attributes defined in"
        " AttributeDefinitions"
    )


def _stream_view(given: Request | None) -> str | None:
    if given is None:
        return None
    view: str | None = given.get("StreamViewType")
    if given["StreamEnabled"] and view is None:
        raise invalid_parameters("StreamViewType must be specified when StreamEnabled is true")
    if not given["StreamEnabled"] and view is not None:
        raise invalid_parameters(
            "Table is being created with a stream disabled, UpdateViewType should not be specified"
        )
    return view


def _on_demand(given: Request | None, mode: BillingMode) -> Throughput | None:
    if not given:
        return None
    for name in ("MaxReadRequestUnits", "MaxWriteRequestUnits"):
        if name not in given:
            continue
        if mode is BillingMode.PROVISIONED:
            raise invalid_parameters(
                f"{name} for OnDemandThroughput cannot be specified when table BillingMode is PROVISIONED."
            )
        if given[name] < 1:
            raise invalid_parameters(
                f"Requested {name} for OnDemandThroughput for table is outside of valid range"
            )
    return Throughput(given.get("MaxReadRequestUnits"), given.get("MaxWriteRequestUnits"))


def _warm(
    given: Request | None, mode: BillingMode, throughput: Throughput, of_what: str
) -> Throughput | None:
    if not given:
        return None
    floor = throughput
    if mode is BillingMode.PAY_PER_REQUEST:
        floor = Throughput(WARM_READ_UNITS, WARM_WRITE_UNITS)
    named = "OnDemand" if mode is BillingMode.PAY_PER_REQUEST else "Provisioned"
    for name, units in (("ReadUnitsPerSecond", floor.read), ("WriteUnitsPerSecond", floor.write)):
        if name in given and given[name] < (units or 0):
            raise invalid_parameters(
                f"Requested {name} for WarmThroughput for {of_what} is lower than initial throughput for {named}"
            )
    return Throughput(given.get("ReadUnitsPerSecond"), given.get("WriteUnitsPerSecond"))


def _encryption(given: Request | None) -> Encryption | None:
    if given is None:
        return None
    return Encryption(given.get("Enabled", False), given.get("SSEType", "KMS"), given.get("KMSMasterKeyId"))


def _tags(given: list[Request]) -> tuple[Tag, ...]:
    if len(given) > TAGS_MAX:
        raise validation(f"Too many tags: a table has at most {TAGS_MAX}")
    if len({tag["Key"] for tag in given}) < len(given):
        raise validation("Duplicate tag keys in one request are not allowed")
    if any(tag["Key"].startswith("aws:") for tag in given):
        raise validation("Tag keys that begin with aws: are reserved")
    return tuple(Tag(tag["Key"], tag["Value"]) for tag in given)


def _resource_policy(given: str | None) -> str | None:
    if given is not None and len(given.encode()) > RESOURCE_POLICY_SIZE_MAX:
        raise validation(f"A resource policy has at most {RESOURCE_POLICY_SIZE_MAX} bytes")
    return given
