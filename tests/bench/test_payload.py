"""What is sent is what an SDK would send."""

import json

import pytest

from trinamo.bench import payload


@pytest.mark.parametrize("operation", ["put", "get"])
def test_every_request_states_the_length_of_its_body(operation: str) -> None:
    for request in payload.requests(operation, "127.0.0.1:8000"):
        head, _, body = request.partition(b"\r\n\r\n")
        assert f"\r\nContent-Length: {len(body)}".encode() in head
        assert b"X-Amz-Target: DynamoDB_20120810." + payload.TARGETS[operation].encode() in head


def test_items_have_about_500_bytes_and_keys_of_their_own() -> None:
    bodies = list(payload.bodies("put"))
    sizes = [len(json.dumps(body["Item"])) for body in bodies]
    assert 450 < min(sizes) <= max(sizes) < 650
    assert len({json.dumps(body) for body in payload.bodies("get")}) == payload.KEYS == len(bodies)


def test_the_answer_to_a_get_is_larger_than_the_least_the_generator_accepts() -> None:
    smallest = min(len(json.dumps(payload.item(n), separators=(",", ":"))) for n in range(payload.KEYS))
    assert smallest > payload.ITEM_ANSWER_SIZE_MIN
