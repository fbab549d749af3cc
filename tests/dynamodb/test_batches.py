"""Batches over several tables, whole refusals, and what is left unprocessed."""

from typing import Any

from dynamodb.calls import VE, Item, call, fault, item, refusal
from dynamodb.clients import create_table, load


def test_a_batch_writes_and_reads_several_tables(client: Any, table: str, name: str) -> None:
    other = f"{name}.other"
    create_table(client, other, sort=None)
    client.put_item(TableName=table, Item=item(0))
    written = call(
        client,
        "BatchWriteItem",
        {
            "RequestItems": {
                table: [{"PutRequest": {"Item": item(1)}}, {"DeleteRequest": {"Key": item(0)}}],
                other: [{"PutRequest": {"Item": {"pk": {"S": "x"}, "b": {"B": b"\xff"}}}}],
            }
        },
    )
    assert written == {"UnprocessedItems": {}}
    read = call(
        client,
        "BatchGetItem",
        {
            "RequestItems": {
                table: {"Keys": [item(0), item(1)], "ConsistentRead": True},
                other: {"Keys": [{"pk": {"S": "x"}}], "ProjectionExpression": "b"},
            }
        },
    )
    assert read == {"Responses": {table: [item(1)], other: [{"b": {"B": b"\xff"}}]}, "UnprocessedKeys": {}}
    client.delete_table(TableName=other)


def test_a_batch_over_twenty_five_is_refused_whole(client: Any, table: str) -> None:
    puts = [{"PutRequest": {"Item": item(sk)}} for sk in range(26)]
    code, text = fault(refusal(client, "BatchWriteItem", {"RequestItems": {table: puts}}))
    assert code == VE
    assert text.endswith(
        "at 'requestItems' failed to satisfy constraint: Map value must satisfy constraint:"
        " [Member must have length less than or equal to 25, Member must have length greater than or equal to 1]"
    )
    assert client.scan(TableName=table)["Count"] == 0


def test_a_batch_answers_sixteen_megabytes_and_leaves_the_rest_to_ask_again(client: Any, table: str) -> None:
    for sk in range(0, 48, 8):
        load(client, table, [item(each, x={"S": "x" * 380_000}) for each in range(sk, sk + 8)])
    wanted = {"Keys": [item(sk) for sk in range(48)], "ConsistentRead": True, "ProjectionExpression": "sk"}
    read: list[Item] = []
    rounds = 0
    asked = {table: wanted}
    while asked:
        rounds += 1
        answer = call(client, "BatchGetItem", {"RequestItems": asked})
        read += answer["Responses"][table]
        asked = answer["UnprocessedKeys"]
        assert all({**left, "Keys": None} == {**wanted, "Keys": None} for left in asked.values())
    assert rounds == 2
    assert sorted(int(each["sk"]["N"]) for each in read) == list(range(48))
