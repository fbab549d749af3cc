"""What operations refuse before they look at a table: texts, and which of two faults is told."""

from copy import deepcopy
from types import ModuleType
from typing import Any

import pytest

from trinamo.gateway.operations import (
    batch_get_item,
    batch_write_item,
    delete_item,
    get_item,
    put_item,
    query,
    scan,
    update_item,
)
from trinamo.model.errors import ApiError
from trinamo.model.shapes import read_request

E = "1 validation error detected: "
P = "One or more parameter values were invalid: "
NULL = "failed to satisfy constraint: Member must not be null"
RETURN_VALUES = "Member must satisfy enum value set: [ALL_NEW, UPDATED_OLD, ALL_OLD, NONE, UPDATED_NEW]"
RETURN_CAPACITY = "Member must satisfy enum value set: [INDEXES, TOTAL, NONE]"
BAD_VALUES: dict[str, Any] = {":v": {"S": "x"}}
ONE = {"pk": {"S": "a"}}


def _refusal(operation: ModuleType, request: dict[str, Any]) -> ApiError:
    with pytest.raises(ApiError) as caught:
        operation.check(read_request(operation.SHAPE, deepcopy(request)))
    return caught.value


def _put(**members: Any) -> dict[str, Any]:
    return {"TableName": "t", "Item": ONE, **members}


def _key(**members: Any) -> dict[str, Any]:
    return {"TableName": "t", "Key": ONE, **members}


def _query(**members: Any) -> dict[str, Any]:
    return {
        "TableName": "t",
        "KeyConditionExpression": "pk = :v",
        "ExpressionAttributeValues": {":v": {"S": "a"}},
        **members,
    }


def _scan(**members: Any) -> dict[str, Any]:
    return {"TableName": "t", **members}


GOOD: list[tuple[ModuleType, dict[str, Any]]] = [
    (put_item, _put(ConditionExpression="attribute_not_exists(pk)", ReturnValues="ALL_OLD")),
    (put_item, _put(Expected={"a": {"Exists": False}}, ConditionalOperator="OR")),
    (get_item, _key(AttributesToGet=["a", "b"], ConsistentRead=True)),
    (get_item, _key(ProjectionExpression="#a", ExpressionAttributeNames={"#a": "a"})),
    (delete_item, _key(ReturnValues="NONE")),
    (update_item, _key(UpdateExpression="SET a = :v", ExpressionAttributeValues=BAD_VALUES)),
    (update_item, _key(ReturnValues="UPDATED_NEW")),
    (update_item, _key(AttributeUpdates={"a": {"Action": "DELETE"}}, Expected={"a": {"Value": {"N": "1"}}})),
    (
        query,
        {
            "TableName": "t",
            "KeyConditions": {"pk": {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": "a"}]}},
            "FilterExpression": "attribute_exists(a)",
        },
    ),
    (query, _query(FilterExpression="a > :v", Select="COUNT", Limit=1, ScanIndexForward=False)),
    (scan, _scan(Segment=0, TotalSegments=1, Limit=5, ExclusiveStartKey=ONE)),
    (
        batch_write_item,
        {"RequestItems": {"t": [{"PutRequest": {"Item": ONE}}, {"DeleteRequest": {"Key": ONE}}]}},
    ),
    (batch_get_item, {"RequestItems": {"t": {"Keys": [ONE], "ProjectionExpression": "a"}}}),
]


@pytest.mark.parametrize(("operation", "request_"), GOOD)
def test_what_is_right_passes(operation: ModuleType, request_: dict[str, Any]) -> None:
    operation.check(read_request(operation.SHAPE, deepcopy(request_)))


REFUSED: list[tuple[ModuleType, dict[str, Any], str]] = [
    # PutItem, in its order
    (put_item, {"Item": None, "ReturnValues": "X"}, f"{E}Value null at 'tableName' {NULL}"),
    (
        put_item,
        _put(Item=None, ReturnValues="X", ReturnConsumedCapacity="Y"),
        (
            f"3 validation errors detected: Value null at 'item' {NULL}; "
            f"Value 'Y' at 'returnConsumedCapacity' failed to satisfy constraint: {RETURN_CAPACITY}; "
            f"Value 'X' at 'returnValues' failed to satisfy constraint: {RETURN_VALUES}"
        ),
    ),
    (
        put_item,
        _put(Item={"a": {"SS": []}, "b": {"NULL": False}}, ExpressionAttributeNames={}),
        P + "Null attribute value types must have the value of true",
    ),
    (
        put_item,
        _put(Item={"a": {"N": "x"}}, Expected={}, ConditionExpression="a = :v"),
        "The parameter cannot be converted to a numeric value: x",
    ),
    (
        put_item,
        _put(Expected={"a": {"Exists": False}}, ConditionExpression="garbage !"),
        (
            "Can not use both expression and non-expression parameters in the same request:"
            " Non-expression parameters: {Expected} Expression parameters: {ConditionExpression}"
        ),
    ),
    (
        put_item,
        _put(Expected={"a": {"Exists": False, "Value": {"S": "x"}}}, ReturnValues="ALL_NEW"),
        "ReturnValues can only be ALL_OLD or NONE",
    ),
    (
        put_item,
        _put(Item={**ONE, "a": {"S": "x" * 409_600}}, Expected={"a": {"Exists": False, "Value": {"S": "x"}}}),
        P + "Value cannot be used when Exists is false for Attribute: a",
    ),
    (
        put_item,
        _put(ExpressionAttributeNames={"#a": "a"}),
        "ExpressionAttributeNames can only be specified when using expressions",
    ),
    (
        put_item,
        _put(ExpressionAttributeValues=BAD_VALUES),
        "ExpressionAttributeValues can only be specified when using expressions: ConditionExpression is null",
    ),
    (
        put_item,
        _put(
            ConditionExpression="a = :v", ExpressionAttributeValues={":v": {"NS": []}}, ReturnValues="ALL_NEW"
        ),
        f"ExpressionAttributeValues contains invalid value: {P}An number set  may not be empty for key :v",
    ),
    (put_item, _put(ConditionExpression=""), "Invalid ConditionExpression: The expression can not be empty;"),
    (
        put_item,
        _put(
            ConditionExpression="attribute_exists(a)",
            ExpressionAttributeValues=BAD_VALUES,
            ReturnValues="ALL_NEW",
        ),
        "Value provided in ExpressionAttributeValues unused in expressions: keys: {:v}",
    ),
    (
        put_item,
        _put(Item={**ONE, "a": {"S": "x" * 409_600}}, ReturnValues="ALL_NEW"),
        "ReturnValues can only be ALL_OLD or NONE",
    ),
    (
        put_item,
        _put(Item={**ONE, "a": {"S": "x" * 409_600}}),
        "Item size has exceeded the maximum allowed size",
    ),
    # GetItem
    (
        get_item,
        {"ReturnConsumedCapacity": "Y"},
        (
            f"3 validation errors detected: Value null at 'key' {NULL}; Value null at 'tableName' {NULL}; "
            f"Value 'Y' at 'returnConsumedCapacity' failed to satisfy constraint: {RETURN_CAPACITY}"
        ),
    ),
    (
        get_item,
        _key(AttributesToGet=["a"], ProjectionExpression="a"),
        (
            "Can not use both expression and non-expression parameters in the same request:"
            " Non-expression parameters: {AttributesToGet} Expression parameters: {ProjectionExpression}"
        ),
    ),
    (get_item, _key(AttributesToGet=["a", "b", "a"]), P + "Duplicate value in attribute name: a"),
    (
        get_item,
        _key(AttributesToGet=[]),
        (
            f"{E}Value '[]' at 'attributesToGet' failed to satisfy constraint:"
            " Member must have length greater than or equal to 1"
        ),
    ),
    (
        get_item,
        _key(Key={"pk": {}}, ProjectionExpression="a,"),
        "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes",
    ),
    # DeleteItem, UpdateItem
    (
        delete_item,
        _key(Key=None, ReturnItemCollectionMetrics="X"),
        (
            f"2 validation errors detected: Value null at 'key' {NULL}; "
            "Value 'X' at 'returnItemCollectionMetrics' failed to satisfy constraint:"
            " Member must satisfy enum value set: [SIZE, NONE]"
        ),
    ),
    (delete_item, _key(ReturnValues="UPDATED_NEW"), "ReturnValues can only be ALL_OLD or NONE"),
    (
        delete_item,
        _key(Key={"pk": {}}, Expected={"a": {"Value": {"NS": []}}}),
        "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes",
    ),
    (delete_item, _key(Expected={"a": {"Value": {"NS": []}}}), P + "An number set  may not be empty"),
    (
        update_item,
        _key(AttributeUpdates={"a": {"Action": "X"}}),
        (
            f"{E}Value 'X' at 'attributeUpdates.a.member.action' failed to satisfy constraint:"
            " Member must satisfy enum value set: [ADD, PUT, DELETE]"
        ),
    ),
    (
        update_item,
        _key(AttributeUpdates={"a": {"Action": "DELETE", "Value": {"N": "1"}}}, ExpressionAttributeNames={}),
        P + "DELETE action with value is not supported for the type N",
    ),
    (
        update_item,
        _key(ExpressionAttributeValues=BAD_VALUES),
        (
            "ExpressionAttributeValues can only be specified when using expressions:"
            " UpdateExpression is null and ConditionExpression is null"
        ),
    ),
    # Query
    (
        query,
        _query(Limit=0, FilterExpression=""),
        f"{E}Value at 'Limit' failed to satisfy constraint: Member must have value greater than or equal to 1",
    ),
    (
        query,
        {"TableName": "t", "KeyConditions": {"pk": {"ComparisonOperator": "EQ", "AttributeValueList": []}}},
        P + "Invalid number of argument(s) for the EQ ComparisonOperator",
    ),
    (
        query,
        {"TableName": "t"},
        "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.",
    ),
    (
        query,
        _query(Select="SPECIFIC_ATTRIBUTES", KeyConditionExpression="pk = :v OR pk = :v"),
        "Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES",
    ),
    (
        query,
        _query(ExclusiveStartKey={"pk": {"S": "a", "N": "1"}}, FilterExpression=""),
        (
            "The provided starting key is invalid: Supplied AttributeValue has more than one datatypes set,"
            " must contain exactly one of the supported datatypes"
        ),
    ),
    (
        query,
        _query(IndexName="a!"),
        (
            "2 validation errors detected: "
            "Value 'a!' at 'indexName' failed to satisfy constraint:"
            " Member must have length greater than or equal to 3; "
            "Value 'a!' at 'indexName' failed to satisfy constraint:"
            " Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+"
        ),
    ),
    # Scan
    (
        scan,
        _scan(Limit=0),
        f"{E}Value '0' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1",
    ),
    (
        scan,
        _scan(TotalSegments=1_000_001),
        (
            f"{E}Value '1000001' at 'totalSegments' failed to satisfy constraint:"
            " Member must have value less than or equal to 1000000"
        ),
    ),
    (
        scan,
        _scan(ExpressionAttributeValues=BAD_VALUES),
        "ExpressionAttributeValues can only be specified when using expressions: FilterExpression is null",
    ),
    (
        scan,
        _scan(Segment=1, TotalSegments=1),
        (
            "The Segment parameter is zero-based and must be less than parameter TotalSegments:"
            " Segment: 1 is not less than TotalSegments: 1"
        ),
    ),
    # batches
    (batch_get_item, {}, f"{E}Value null at 'requestItems' {NULL}"),
    (batch_get_item, {"RequestItems": {}}, "The requestItems parameter is required for BatchGetItem"),
    (batch_write_item, {"RequestItems": {}}, "The requestItems parameter is required for BatchWriteItem"),
    (
        batch_get_item,
        {"RequestItems": {"t": {"Keys": [ONE] * 101}}},
        (
            f"{E}Value at 'RequestItems.t.member.Keys' failed to satisfy constraint:"
            " Member must have length less than or equal to 100"
        ),
    ),
    (
        batch_get_item,
        {"RequestItems": {"t": {"Keys": [ONE] * 60}, "u": {"Keys": [ONE] * 60}}},
        "Too many items requested for the BatchGetItem call",
    ),
    (
        batch_get_item,
        {"RequestItems": {"t": {}}},
        f"{E}Value null at 'requestItems.t.member.keys' {NULL}",
    ),
    (
        batch_write_item,
        {"RequestItems": {t: [{"DeleteRequest": {"Key": ONE}}] * 15 for t in "tu"}},
        "Too many items requested for the BatchWriteItem call",
    ),
    (
        batch_write_item,
        {"RequestItems": {"t": [{}]}},
        "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes",
    ),
    (
        batch_write_item,
        {"RequestItems": {"t": [{"PutRequest": {"Item": {"a": {"SS": ["x", "x"]}}}}]}},
        P + "Input collection [x, x] contains duplicates.",
    ),
    (
        batch_write_item,
        {"RequestItems": {"t": [{"PutRequest": {"Item": {"a": {"S": "x" * 409_600}}}}]}},
        "Item size has exceeded the maximum allowed size",
    ),
]


@pytest.mark.parametrize(("operation", "request_", "text"), REFUSED)
def test_refusals_are_the_services_and_the_earlier_fault_is_told(
    operation: ModuleType, request_: dict[str, Any], text: str
) -> None:
    refusal = _refusal(operation, request_)
    assert (refusal.code, refusal.message) == ("ValidationException", text)


def test_a_batch_of_too_many_writes_is_shown_whole() -> None:
    refusal = _refusal(batch_write_item, {"RequestItems": {"t": [{"DeleteRequest": {"Key": ONE}}] * 26}})
    assert refusal.message is not None
    assert refusal.message.startswith(
        f"{E}Value '{{t=[WriteRequest(putRequest=null,"
        " deleteRequest=DeleteRequest(key={pk=AttributeValue(s=a)})), "
    )
    assert refusal.message.endswith(
        "' at 'requestItems' failed to satisfy constraint: Map value must satisfy constraint:"
        " [Member must have length less than or equal to 25, Member must have length greater than or equal to 1]"
    )


def test_newer_wording_prefixes_faults_of_sets_in_items_but_not_of_empty_values() -> None:
    refusal = _refusal(put_item, _put(Item={"a": {"SS": []}}))
    assert f'"{E}{P}An string set'.encode() in refusal.body(newer_wording=True)
    refusal = _refusal(put_item, _put(Item={"a": {}}))
    assert E.encode() not in refusal.body(newer_wording=True)
