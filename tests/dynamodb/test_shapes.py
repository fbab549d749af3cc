"""Every answer is held against botocore's model (`audit`); here the auditor is, and an answer of every operation is made.

`conftest` audits all answers of all tests of this package; a test during which a faulty one came fails.
"""

from collections.abc import Callable
from typing import Any

import pytest

from dynamodb.audit import Audit, error_faults, faults
from dynamodb.calls import EVERY_TYPE, item
from dynamodb.clients import create_table
from trinamo.gateway.operations import OPERATIONS


def _output(client: Any, operation: str) -> Any:
    return client.meta.service_model.operation_model(operation).output_shape


@pytest.mark.parametrize(
    ("operation", "answer", "fault"),
    [
        ("GetItem", {"Items": {}}, "$: GetItemOutput has no member Items"),
        ("GetItem", {"Item": []}, "$.Item: [] is no map"),
        ("GetItem", {"Item": {"a": {"N": 1}}}, "$.Item['a'].N: 1 is no string"),
        ("GetItem", {"Item": {"a": {"B": "no base64"}}}, "$.Item['a'].B: 'no base64' is no blob"),
        ("GetItem", {"Item": {"a": {"S": "", "N": "1"}}}, "$.Item['a']: an attribute value has one type"),
        ("GetItem", {"Item": {"a": {}}}, "$.Item['a']: an attribute value has one type"),
        ("Query", {"Count": 1.5}, "$.Count: 1.5 is no integer"),
        ("Query", {"Count": True}, "$.Count: True is no integer"),
        ("Scan", {"Items": {}}, "$.Items: {} is no list"),
        ("ListTables", {"TableNames": [None]}, "$.TableNames[0]: None is no string"),
        ("DescribeTable", {"Table": {"TableStatus": "READY"}}, "$.Table.TableStatus: 'READY' is no string"),
        (
            "DescribeTable",
            {"Table": {"CreationDateTime": "2026-01-01"}},
            "$.Table.CreationDateTime: '2026-01-01' is no timestamp",
        ),
        (
            "DescribeTable",
            {"Table": {"KeySchema": [{"KeyType": "HASH"}]}},
            "$.Table.KeySchema[0]: AttributeName is missing",
        ),
        (
            "PutItem",
            {"ConsumedCapacity": {"CapacityUnits": "1"}},
            "$.ConsumedCapacity.CapacityUnits: '1' is no double",
        ),
    ],
)
def test_the_auditor_finds_what_is_wrong(client: Any, operation: str, answer: Any, fault: str) -> None:
    [found] = faults(_output(client, operation), answer)
    assert found.startswith(fault)


def test_the_auditor_passes_what_is_right(client: Any) -> None:
    right = {"Item": {"a": {"L": [{"NULL": True}, {"B": ""}, {"M": {"x": {"NS": ["1"]}}}]}}}
    assert faults(_output(client, "GetItem"), right) == []
    assert (
        faults(_output(client, "DescribeTable"), {"Table": {"CreationDateTime": 1.5, "ItemCount": 0}}) == []
    )


@pytest.mark.parametrize(
    ("body", "right"),
    [
        ({"__type": "x#ConditionalCheckFailedException", "message": "m", "Item": {"a": {"S": "x"}}}, True),
        ({"__type": "x#ConditionalCheckFailedException", "message": "m", "Item": {"a": "x"}}, False),
        ({"__type": "x#ResourceNotFoundException", "message": "m", "Item": {}}, False),
        ({"__type": "x#ValidationException", "message": "m"}, True),
        ({"__type": "x#ValidationException", "message": None}, False),
        ({"__type": "x#ValidationException", "message": "m", "code": 1}, False),
        ({"message": "m"}, False),
    ],
)
def test_the_auditor_knows_errors(client: Any, body: Any, right: bool) -> None:
    assert (error_faults(client.meta.service_model, body) == []) is right


def test_the_auditor_sees_the_answers_of_a_client(client: Any, audit: Audit) -> None:
    """A planted fault: the auditor reads a faulty answer off the same hook that the real ones pass."""
    operation = client.meta.service_model.operation_model("GetItem")
    response = {"body": b'{"Thing": 1}', "headers": {"x-amzn-requestid": "1"}, "status_code": 200}
    client.meta.events.emit(
        "before-parse.dynamodb.GetItem", operation_model=operation, response_dict=response
    )
    assert audit.found == ["GetItem $: GetItemOutput has no member Thing"]
    audit.found.clear()


CAPACITIES = ("INDEXES", "TOTAL", "NONE")


def _tables(client: Any, name: str) -> None:
    create_table(client, name, sort_type="N", Tags=[{"Key": "k", "Value": "v"}], TableClass="STANDARD")
    provisioned = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5}
    client.create_table(
        TableName=f"{name}.provisioned",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "B"}],
        ProvisionedThroughput=provisioned,
        SSESpecification={"Enabled": False},
        StreamSpecification={"StreamEnabled": False},
    )
    for each in (name, f"{name}.provisioned"):
        client.describe_table(TableName=each)
    client.list_tables(Limit=1)


def _settings(client: Any, name: str) -> None:
    arn = client.describe_table(TableName=name)["Table"]["TableArn"]
    client.tag_resource(ResourceArn=arn, Tags=[{"Key": str(n), "Value": ""} for n in range(11)])
    client.list_tags_of_resource(ResourceArn=arn)
    client.untag_resource(ResourceArn=arn, TagKeys=["0"])
    client.update_time_to_live(
        TableName=name, TimeToLiveSpecification={"Enabled": True, "AttributeName": "at"}
    )
    client.describe_time_to_live(TableName=name)
    stream = {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}
    client.update_table(TableName=name, StreamSpecification=stream)
    client.update_table(
        TableName=name,
        SSESpecification={"Enabled": True, "SSEType": "KMS"},
        TableClass="STANDARD_INFREQUENT_ACCESS",
        OnDemandThroughput={"MaxReadRequestUnits": 5},
    )
    provisioned = f"{name}.provisioned"
    client.update_table(
        TableName=provisioned, ProvisionedThroughput={"ReadCapacityUnits": 9, "WriteCapacityUnits": 1}
    )
    client.update_table(TableName=provisioned, BillingMode="PAY_PER_REQUEST")
    for each in (name, provisioned):
        client.describe_table(TableName=each)
    client.describe_limits()
    client.describe_endpoints()


def _destinations(client: Any, name: str, stream_arn: str) -> None:
    microseconds = {"ApproximateCreationDateTimePrecision": "MICROSECOND"}
    milliseconds = {"ApproximateCreationDateTimePrecision": "MILLISECOND"}
    place = {"TableName": name, "StreamArn": stream_arn}
    client.enable_kinesis_streaming_destination(**place, EnableKinesisStreamingConfiguration=microseconds)
    client.update_kinesis_streaming_destination(**place, UpdateKinesisStreamingConfiguration=milliseconds)
    client.disable_kinesis_streaming_destination(**place)
    client.describe_kinesis_streaming_destination(TableName=name)


def _writes(client: Any, name: str) -> None:
    for capacity in CAPACITIES:
        asked = {"ReturnConsumedCapacity": capacity, "ReturnItemCollectionMetrics": "SIZE"}
        client.put_item(TableName=name, Item=item(1, **EVERY_TYPE), ReturnValues="ALL_OLD", **asked)
        for returned in ("NONE", "ALL_OLD", "ALL_NEW", "UPDATED_OLD", "UPDATED_NEW"):
            client.update_item(
                TableName=name,
                Key=item(1),
                UpdateExpression="SET l[0] = :v ADD n :v REMOVE bs",
                ExpressionAttributeValues={":v": {"N": "1"}},
                ReturnValues=returned,
                **asked,
            )
        client.delete_item(TableName=name, Key=item(2), ReturnValues="ALL_OLD", **asked)
        puts = [{"PutRequest": {"Item": item(sk, **EVERY_TYPE)}} for sk in range(3, 6)]
        client.batch_write_item(RequestItems={name: puts}, **asked)


def _reads(client: Any, name: str) -> None:
    query = {
        "TableName": name,
        "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": {":pk": {"S": "a"}},
    }
    for capacity in CAPACITIES:
        for consistent in (True, False):
            asked = {"ReturnConsumedCapacity": capacity}
            client.get_item(TableName=name, Key=item(1), ConsistentRead=consistent, **asked)
            client.get_item(TableName=name, Key=item(99), ConsistentRead=consistent, **asked)
            keys = {"Keys": [item(1), item(99)], "ConsistentRead": consistent}
            client.batch_get_item(RequestItems={name: keys}, **asked)
            client.query(**query, ConsistentRead=consistent, Limit=2, **asked)
            client.query(**query, Select="COUNT", **asked)
            client.scan(TableName=name, ConsistentRead=consistent, Limit=2, **asked)
            client.scan(TableName=name, Segment=0, TotalSegments=2, **asked)


def _statements(client: Any, name: str) -> None:
    put = f"INSERT INTO \"{name}\" VALUE {{'pk': 'statement', 'sk': 1, 'n': 5}}"
    one = f"SELECT * FROM \"{name}\" WHERE pk = 'statement' AND sk = 1"
    client.execute_statement(Statement=put, ReturnConsumedCapacity="INDEXES")
    client.execute_statement(Statement=one, Limit=1, ReturnConsumedCapacity="TOTAL")
    client.batch_execute_statement(
        Statements=[{"Statement": one}, {"Statement": one.replace("1", "2")}, {"Statement": "SELECT"}],
        ReturnConsumedCapacity="INDEXES",
    )


def _streams(streams: Any, name: str) -> None:
    [found] = streams.list_streams(TableName=name, Limit=1)["Streams"]
    described = streams.describe_stream(StreamArn=found["StreamArn"], Limit=1)["StreamDescription"]
    shard = described["Shards"][0]["ShardId"]
    iterator = streams.get_shard_iterator(
        StreamArn=found["StreamArn"], ShardId=shard, ShardIteratorType="TRIM_HORIZON"
    )
    assert streams.get_records(ShardIterator=iterator["ShardIterator"])["Records"]


def test_every_operation_answers_in_its_shape(
    client: Any, streams: Any, audit: Audit, name: str, kinesis_stream: tuple[str, str]
) -> None:
    audit.seen.clear()
    steps: list[Callable[[Any, str], None]] = [_tables, _settings, _writes, _reads, _statements]
    for step in steps:
        step(client, name)
    _streams(streams, name)
    _destinations(client, name, kinesis_stream[1])
    for each in (name, f"{name}.provisioned"):
        client.delete_table(TableName=each)
    assert audit.found == []
    assert audit.seen == set(OPERATIONS)
