"""Tables as people declare them elsewhere: CreateTable requests, CloudFormation templates, Terraform's JSON.

Each becomes the CreateTable request that the tool would send, with TimeToLiveSpecification beside it where there is
one (see `trinamo.node.initial`).
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

Declared = Mapping[str, Any] | str | Path


def requests(declared: Declared) -> Iterator[dict[str, Any]]:
    """Yield the CreateTable requests of a declaration, or of the JSON file at a path. Raises `ValueError`."""
    if isinstance(declared, str | Path):
        tree = json.loads(Path(declared).read_text(encoding="utf-8"))
    else:
        tree = dict(declared)
    if "TableName" in tree:
        yield tree
    elif "Resources" in tree:
        yield from _of_cloudformation(tree["Resources"])
    elif "resource" in tree:
        yield from _of_terraform(tree["resource"].get("aws_dynamodb_table", {}))
    elif "planned_values" in tree or "values" in tree:
        yield from _of_terraform_show(tree.get("planned_values", tree.get("values")))
    else:
        raise ValueError(
            "a table is declared by a CreateTable request, a CloudFormation template or Terraform's JSON"
        )


_CLOUDFORMATION = (
    "AttributeDefinitions",
    "KeySchema",
    "LocalSecondaryIndexes",
    "GlobalSecondaryIndexes",
    "BillingMode",
    "ProvisionedThroughput",
    "TimeToLiveSpecification",
    "StreamSpecification",
    "Tags",
    "TableClass",
)


def _of_cloudformation(resources: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for logical_id, resource in resources.items():
        if resource.get("Type") not in ("AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable"):
            continue
        properties = dict(resource.get("Properties", {}))
        request = {name: properties[name] for name in _CLOUDFORMATION if name in properties}
        if "StreamSpecification" in request:  # a template says only which view
            request["StreamSpecification"] = {"StreamEnabled": True, **request["StreamSpecification"]}
        yield {"TableName": properties.get("TableName", logical_id), **request}


def _of_terraform(tables: Any) -> Iterator[dict[str, Any]]:
    for block in tables if isinstance(tables, list) else [tables]:
        for body in block.values():
            for table in body if isinstance(body, list) else [body]:
                yield _terraform_table(table)


def _of_terraform_show(values: Any) -> Iterator[dict[str, Any]]:
    """Of `terraform show -json`, with all of its modules."""
    modules = [values.get("root_module", {})]
    while modules:
        module = modules.pop()
        modules += module.get("child_modules", [])
        for resource in module.get("resources", []):
            if resource.get("type") == "aws_dynamodb_table":
                yield _terraform_table(resource["values"])


def _terraform_table(table: Mapping[str, Any]) -> dict[str, Any]:
    request: dict[str, Any] = {
        "TableName": table["name"],
        "AttributeDefinitions": [
            {"AttributeName": attribute["name"], "AttributeType": attribute["type"]}
            for attribute in _blocks(table, "attribute")
        ],
        "KeySchema": _keys(table),
        "BillingMode": table.get("billing_mode") or "PROVISIONED",
    }
    provisioned = request["BillingMode"] == "PROVISIONED"
    if provisioned:
        request["ProvisionedThroughput"] = _throughput(table)
    local = [
        {
            "IndexName": index["name"],
            "KeySchema": _keys({"hash_key": table["hash_key"], "range_key": index["range_key"]}),
            "Projection": _projection(index),
        }
        for index in _blocks(table, "local_secondary_index")
    ]
    everywhere = [
        {
            "IndexName": index["name"],
            "KeySchema": _keys(index),
            "Projection": _projection(index),
            **({"ProvisionedThroughput": _throughput(index)} if provisioned else {}),
        }
        for index in _blocks(table, "global_secondary_index")
    ]
    if local:
        request["LocalSecondaryIndexes"] = local
    if everywhere:
        request["GlobalSecondaryIndexes"] = everywhere
    if table.get("stream_enabled"):
        request["StreamSpecification"] = {"StreamEnabled": True, "StreamViewType": table["stream_view_type"]}
    for ttl in _blocks(table, "ttl"):
        if ttl.get("enabled", True) and ttl.get("attribute_name"):
            request["TimeToLiveSpecification"] = {"Enabled": True, "AttributeName": ttl["attribute_name"]}
    if table.get("tags"):
        request["Tags"] = [{"Key": key, "Value": value} for key, value in table["tags"].items()]
    return request


def _blocks(table: Mapping[str, Any], name: str) -> list[Any]:
    """Blocks of one kind: JSON syntax has one as an object, several as a list."""
    found = table.get(name) or []
    return found if isinstance(found, list) else [found]


def _keys(table: Mapping[str, Any]) -> list[dict[str, str]]:
    keys = [{"AttributeName": table["hash_key"], "KeyType": "HASH"}]
    if table.get("range_key"):
        keys.append({"AttributeName": table["range_key"], "KeyType": "RANGE"})
    return keys


def _projection(index: Mapping[str, Any]) -> dict[str, Any]:
    projection: dict[str, Any] = {"ProjectionType": index["projection_type"]}
    if index.get("non_key_attributes"):
        projection["NonKeyAttributes"] = list(index["non_key_attributes"])
    return projection


def _throughput(table: Mapping[str, Any]) -> dict[str, int]:
    return {
        "ReadCapacityUnits": int(table.get("read_capacity") or 1),
        "WriteCapacityUnits": int(table.get("write_capacity") or 1),
    }
