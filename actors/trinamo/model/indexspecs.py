"""Index specs: what the declarations of secondary indexes mean, beside the key of their table.

Keys are checked in the service's order: that each attribute is defined, then the structure of the schema.
"""

from collections.abc import Iterable, Sequence

import attrs

from trinamo.model.errors import invalid_parameters, validation
from trinamo.model.keys import KeyAttribute, KeySchema
from trinamo.model.limits import (
    GLOBAL_INDEXES_MAX,
    INDEX_KEY_ATTRIBUTES_MAX,
    LOCAL_INDEXES_MAX,
    PROJECTED_NAMES_TABLE_MAX,
)
from trinamo.model.shapes import Request
from trinamo.model.tables import BillingMode, IndexSpec, Projection, Throughput
from trinamo.model.throughput import (
    check_index_units,
    declared_warm,
    on_demand_limits,
    provisioned,
)

Definitions = dict[str, str]
"""Types of attributes by name."""


def table_keys(elements: list[Request], definitions: Definitions) -> KeySchema:
    """Return the key that a table's KeySchema means."""
    _check_defined(elements, definitions)
    _check_structure(elements)
    attributes = [_key_attribute(element, definitions) for element in elements]
    return KeySchema(attributes[0], attributes[1] if len(attributes) > 1 else None)


def _key_attribute(element: Request, definitions: Definitions) -> KeyAttribute:
    return KeyAttribute(element["AttributeName"], definitions[element["AttributeName"]])


def _check_defined(elements: list[Request], definitions: Definitions) -> None:
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


def local_indexes(
    declared: list[Request], keys: KeySchema, definitions: Definitions
) -> tuple[IndexSpec, ...]:
    """Return the local indexes of a table of this key."""
    indexes: list[IndexSpec] = []
    for index in declared:
        if keys.sort is None:
            raise invalid_parameters(
                "Table KeySchema does not have a range key, which is required when specifying a LocalSecondaryIndex"
            )
        index_keys = _local_index_keys(index, keys, definitions)
        projection = _projection(index["Projection"])
        refuse_duplicate_name(index["IndexName"], indexes)
        assert index_keys.sort is not None
        indexes.append(IndexSpec(index["IndexName"], (index_keys.partition,), (index_keys.sort,), projection))
    if len(indexes) > LOCAL_INDEXES_MAX:
        raise invalid_parameters(
            f"Number of LocalSecondaryIndexes exceeds per-table limit of {LOCAL_INDEXES_MAX}"
        )
    return tuple(indexes)


def _local_index_keys(index: Request, keys: KeySchema, definitions: Definitions) -> KeySchema:
    name, index_keys = index["IndexName"], table_keys(index["KeySchema"], definitions)
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


def global_indexes(
    declared: list[Request],
    others: Sequence[IndexSpec],
    definitions: Definitions,
    mode: BillingMode,
) -> tuple[IndexSpec, ...]:
    """Return the global indexes of a new table that has the `others`."""
    indexes: list[IndexSpec] = []
    for given in declared:
        index = global_index(given, definitions)
        refuse_duplicate_name(index.name, [*others, *indexes])
        indexes.append(index)
    check_count(len(indexes))
    return tuple(with_capacity(index, given, mode) for index, given in zip(indexes, declared, strict=True))


def global_index(given: Request, definitions: Definitions) -> IndexSpec:
    """Return a declared global index as far as it does not depend on its table."""
    _check_defined(given["KeySchema"], definitions)
    partition, sort = _global_index_keys(given["KeySchema"], definitions)
    return IndexSpec(given["IndexName"], partition, sort, _projection(given["Projection"]))


def check_count(count: int) -> None:
    """Raise the error of too many global indexes of one table."""
    if count > GLOBAL_INDEXES_MAX:
        raise invalid_parameters(
            f"GlobalSecondaryIndex count exceeds the per-table limit of {GLOBAL_INDEXES_MAX}"
        )


def with_capacity(index: IndexSpec, given: Request, mode: BillingMode) -> IndexSpec:
    """Return a declared global index with what its table's billing mode lets it have."""
    units = given.get("ProvisionedThroughput")
    throughput = None if units is None else provisioned(units)
    check_index_units(index.name, throughput, mode)
    of_what = f"index {index.name}"
    return attrs.evolve(
        index,
        throughput=throughput,
        on_demand=on_demand_limits(given.get("OnDemandThroughput"), mode, of_what),
        warm=declared_warm(given.get("WarmThroughput"), mode, throughput or Throughput(0, 0), of_what),
    )


def _global_index_keys(
    elements: list[Request], definitions: Definitions
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


def refuse_duplicate_name(name: str, before: Iterable[IndexSpec]) -> None:
    """Raise the error of an index name that another index of the table has."""
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


def check_projected_names(indexes: Iterable[IndexSpec]) -> None:
    """Raise the error of too many projected names; a name in two indexes counts twice."""
    if sum(len(index.projection.names) for index in indexes) > PROJECTED_NAMES_TABLE_MAX:
        raise invalid_parameters(
            f"Number of NonKeyAttributes over all indexes exceeds the per-table limit of {PROJECTED_NAMES_TABLE_MAX}"
        )


def check_all_used(definitions: Definitions, keys: KeySchema, indexes: Iterable[IndexSpec]) -> None:
    """Raise the error of attributes that are defined and are in no key."""
    used = {attribute.name for attribute in keys.attributes}
    for index in indexes:
        used.update(attribute.name for attribute in (*index.partition, *index.sort))
    if len(used) < len(definitions):
        raise invalid_parameters(
            "Number of attributes in KeySchema does not exactly match number of attributes defined in"
            " AttributeDefinitions"
        )
