"""JSON of another type than the shape has: every kind of place, every kind of value."""

from typing import Any

import pytest

from dynamodb.facts import fact
from dynamodb.raw import CORAL, send, target

SHAPES = "com.amazonaws.dynamodb.v20120810."
STRUCTURE = "Start of structure or map found where not expected"
FIELD = "Unexpected field type"
ENTRY = "Unexpected value type in payload"
COLLECTION = "Unrecognized collection type class "
ODD = (
    "class sun.reflect.generics.reflectiveObjects.ParameterizedTypeImpl cannot be cast to class java.lang.Class"
    " (sun.reflect.generics.reflectiveObjects.ParameterizedTypeImpl and java.lang.Class are in module java.base"
    " of loader 'bootstrap')"
)


def map_of(shape: str) -> str:
    return f"Unrecognized collection type java.util.Map<java.lang.String, {shape}>"


def row(held: str, operation: str, body: str, text: str) -> Any:
    return pytest.param(operation, body, text, marks=fact(held))


ROWS = [
    row("protocol.76", "GetItem", '{"TableName":1}', "NUMBER_VALUE cannot be converted to String"),
    row("protocol.76", "GetItem", '{"TableName":-1}', "NUMBER_VALUE cannot be converted to String"),
    row("protocol.76", "GetItem", '{"TableName":1.5}', "DECIMAL_VALUE cannot be converted to String"),
    row("protocol.76", "GetItem", '{"TableName":1e3}', "DECIMAL_VALUE cannot be converted to String"),
    row("protocol.76", "GetItem", '{"TableName":true}', "TRUE_VALUE cannot be converted to String"),
    row("protocol.76", "GetItem", '{"TableName":false}', "FALSE_VALUE cannot be converted to String"),
    row("protocol.77", "GetItem", '{"TableName":[]}', f"{COLLECTION}java.lang.String"),
    row("protocol.78", "GetItem", '{"TableName":{}}', STRUCTURE),
    row("protocol.79", "Scan", '{"Limit":"1"}', "STRING_VALUE cannot be converted to Integer"),
    row("protocol.79", "Scan", '{"Segment":true}', "TRUE_VALUE cannot be converted to Integer"),
    row("protocol.79", "Scan", '{"TotalSegments":false}', "FALSE_VALUE cannot be converted to Integer"),
    row("protocol.80", "Scan", '{"Limit":[1]}', f"{COLLECTION}java.lang.Integer"),
    row("protocol.80", "Query", '{"Limit":{}}', STRUCTURE),
    row(
        "protocol.81",
        "CreateTable",
        '{"ProvisionedThroughput":{"ReadCapacityUnits":"1"}}',
        "STRING_VALUE cannot be converted to Long",
    ),
    row(
        "protocol.81",
        "CreateTable",
        '{"ProvisionedThroughput":{"ReadCapacityUnits":true}}',
        "TRUE_VALUE cannot be converted to Long",
    ),
    row(
        "protocol.81",
        "CreateTable",
        '{"ProvisionedThroughput":{"ReadCapacityUnits":[]}}',
        f"{COLLECTION}java.lang.Long",
    ),
    row("protocol.81", "CreateTable", '{"ProvisionedThroughput":{"ReadCapacityUnits":{}}}', STRUCTURE),
    row("protocol.82", "Scan", '{"ConsistentRead":"true"}', "Unexpected token received from parser"),
    row("protocol.83", "Scan", '{"ConsistentRead":1}', "NUMBER_VALUE cannot be converted to Boolean"),
    row("protocol.83", "Query", '{"ScanIndexForward":0.5}', "DECIMAL_VALUE cannot be converted to Boolean"),
    row("protocol.84", "GetItem", '{"ConsistentRead":[]}', f"{COLLECTION}java.lang.Boolean"),
    row("protocol.84", "GetItem", '{"ConsistentRead":{}}', STRUCTURE),
    row("protocol.85", "Scan", '{"AttributesToGet":{}}', STRUCTURE),
    row("protocol.85", "CreateTable", '{"KeySchema":{}}', STRUCTURE),
    row("protocol.86", "Scan", '{"AttributesToGet":"a"}', FIELD),
    row("protocol.86", "Scan", '{"AttributesToGet":1}', FIELD),
    row("protocol.86", "Scan", '{"AttributesToGet":true}', FIELD),
    row(
        "protocol.87",
        "CreateTable",
        '{"ProvisionedThroughput":[]}',
        f"{COLLECTION}{SHAPES}ProvisionedThroughput",
    ),
    row("protocol.88", "CreateTable", '{"ProvisionedThroughput":"a"}', FIELD),
    row("protocol.88", "CreateTable", '{"ProvisionedThroughput":1}', FIELD),
    row("protocol.88", "CreateTable", '{"ProvisionedThroughput":false}', FIELD),
    row("protocol.89", "GetItem", '{"Key":[]}', map_of(f"{SHAPES}AttributeValue")),
    row("protocol.90", "GetItem", '{"Key":"a"}', FIELD),
    row("protocol.90", "GetItem", '{"Key":1}', FIELD),
    row("protocol.90", "GetItem", '{"Key":true}', FIELD),
    row("protocol.91", "GetItem", '{"Key":{"pk":"a"}}', ENTRY),
    row("protocol.91", "CreateTable", '{"KeySchema":["a"]}', ENTRY),
    row("protocol.91", "GetItem", '{"Key":{"pk":1}}', ENTRY),
    row("protocol.91", "CreateTable", '{"KeySchema":[1]}', ENTRY),
    row("protocol.91", "GetItem", '{"Key":{"pk":true}}', ENTRY),
    row("protocol.91", "CreateTable", '{"KeySchema":[true]}', ENTRY),
    row("protocol.91", "BatchGetItem", '{"RequestItems":{"t":"a"}}', ENTRY),
    row("protocol.91", "BatchWriteItem", '{"RequestItems":{"t":["a"]}}', ENTRY),
    row("protocol.91", "UpdateItem", '{"AttributeUpdates":{"a":1}}', ENTRY),
    row("protocol.92", "GetItem", '{"Key":{"pk":[]}}', f"{COLLECTION}{SHAPES}AttributeValue"),
    row("protocol.92", "CreateTable", '{"KeySchema":[[]]}', f"{COLLECTION}{SHAPES}KeySchemaElement"),
    row("protocol.92", "BatchGetItem", '{"RequestItems":{"t":[]}}', f"{COLLECTION}{SHAPES}KeysAndAttributes"),
    row("protocol.92", "BatchWriteItem", '{"RequestItems":{"t":[[]]}}', f"{COLLECTION}{SHAPES}WriteRequest"),
    row("protocol.93", "GetItem", '{"ExpressionAttributeNames":{"#a":{}}}', STRUCTURE),
    row("protocol.93", "GetItem", '{"AttributesToGet":[{}]}', STRUCTURE),
    row("protocol.94", "PutItem", '{"Item":[]}', map_of(f"{SHAPES}AttributeValue")),
    row("protocol.94", "DeleteItem", '{"Key":[]}', map_of(f"{SHAPES}AttributeValue")),
    row("protocol.94", "Query", '{"ExclusiveStartKey":[]}', map_of(f"{SHAPES}AttributeValue")),
    row("protocol.94", "Scan", '{"ExpressionAttributeValues":[]}', map_of(f"{SHAPES}AttributeValue")),
    row("protocol.94", "PutItem", '{"Expected":[]}', map_of(f"{SHAPES}ExpectedAttributeValue")),
    row("protocol.94", "UpdateItem", '{"AttributeUpdates":[]}', map_of(f"{SHAPES}AttributeValueUpdate")),
    row("protocol.94", "Query", '{"KeyConditions":[]}', map_of(f"{SHAPES}Condition")),
    row("protocol.94", "Query", '{"QueryFilter":[]}', map_of(f"{SHAPES}Condition")),
    row("protocol.94", "Scan", '{"ScanFilter":[]}', map_of(f"{SHAPES}Condition")),
    row("protocol.94", "BatchGetItem", '{"RequestItems":[]}', map_of(f"{SHAPES}KeysAndAttributes")),
    row(
        "protocol.95",
        "BatchWriteItem",
        '{"RequestItems":[]}',
        map_of(f"java.util.List<{SHAPES}WriteRequest>"),
    ),
    row("protocol.96", "PutItem", '{"ExpressionAttributeNames":[]}', map_of("java.lang.String")),
    row("protocol.97", "BatchGetItem", '{"RequestItems":{"t":{"Keys":["a"]}}}', ODD),
    row("protocol.97", "BatchGetItem", '{"RequestItems":{"t":{"Keys":[1]}}}', ODD),
    row("protocol.97", "BatchGetItem", '{"RequestItems":{"t":{"Keys":[[]]}}}', ODD),
    row("protocol.97", "BatchWriteItem", '{"RequestItems":{"t":"a"}}', ODD),
    row("protocol.97", "BatchWriteItem", '{"RequestItems":{"t":1}}', ODD),
    row("protocol.97", "BatchWriteItem", '{"RequestItems":{"t":{}}}', ODD),
    row("protocol.98", "PutItem", '{"Item":{"a":{"S":1}}}', "NUMBER_VALUE cannot be converted to String"),
    row("protocol.98", "PutItem", '{"Item":{"a":{"N":1}}}', "NUMBER_VALUE cannot be converted to String"),
    row("protocol.98", "PutItem", '{"Item":{"a":{"N":1.5}}}', "DECIMAL_VALUE cannot be converted to String"),
    row("protocol.98", "PutItem", '{"Item":{"a":{"S":{}}}}', STRUCTURE),
    row("protocol.98", "PutItem", '{"Item":{"a":{"M":[]}}}', map_of(f"{SHAPES}AttributeValue")),
    row("protocol.98", "PutItem", '{"Item":{"a":{"M":{"x":"y"}}}}', ENTRY),
    row("protocol.98", "PutItem", '{"Item":{"a":{"L":{}}}}', STRUCTURE),
    row("protocol.98", "PutItem", '{"Item":{"a":{"L":"a"}}}', FIELD),
    row("protocol.98", "PutItem", '{"Item":{"a":{"L":["a"]}}}', ENTRY),
    row(
        "protocol.98",
        "PutItem",
        '{"Item":{"a":{"L":[{"L":[{"S":true}]}]}}}',
        "TRUE_VALUE cannot be converted to String",
    ),
    row("protocol.98", "PutItem", '{"Item":{"a":{"BOOL":"true"}}}', "Unexpected token received from parser"),
    row("protocol.98", "PutItem", '{"Item":{"a":{"NULL":1}}}', "NUMBER_VALUE cannot be converted to Boolean"),
    row("protocol.98", "PutItem", '{"Item":{"a":{"SS":"a"}}}', FIELD),
    row("protocol.98", "PutItem", '{"Item":{"a":{"SS":[1]}}}', "NUMBER_VALUE cannot be converted to String"),
    row("protocol.98", "PutItem", '{"Item":{"a":{"NS":{}}}}', STRUCTURE),
    row(
        "protocol.98",
        "Query",
        '{"KeyConditions":{"a":{"AttributeValueList":[{"N":1}]}}}',
        "NUMBER_VALUE cannot be converted to String",
    ),
    row("protocol.100", "GetItem", '{"TableName":1,"Key":{"pk":"a"}}', ENTRY),
    row(
        "protocol.100",
        "Query",
        '{"Limit":"1","TableName":1,"QueryFilter":{"a":{"ComparisonOperator":true}}}',
        "TRUE_VALUE cannot be converted to String",
    ),
]


@pytest.mark.parametrize(("operation", "body", "text"), ROWS)
def test_json_of_another_type_is_refused_before_anything_else(
    url: str, operation: str, body: str, text: str
) -> None:
    answer = send(url, body.encode(), target(operation))
    assert answer.status == 400
    assert answer.tree == {"__type": f"{CORAL}SerializationException", "Message": text}


@fact("protocol.99")
@pytest.mark.parametrize("text", ["not base64", "YQ", "YQ=", "YR==", "Y-_=", "=", "Ü=="])
@pytest.mark.parametrize("place", ['{"B":"%s"}', '{"BS":["%s"]}', '{"L":[{"B":"%s"}]}'])
def test_what_is_not_base64_is_refused(url: str, place: str, text: str) -> None:
    body = '{"TableName":"none","Item":{"a":%s}}' % (place % text)
    answer = send(url, body.encode(), target("PutItem"))
    assert (answer.status, answer.tree["__type"]) == (400, f"{CORAL}SerializationException")
    assert "Message" in answer.tree
