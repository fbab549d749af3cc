"""Tags are hung on tables, replaced, listed and taken away."""

from collections.abc import Iterator
from typing import Any

import pytest

from dynamodb.calls import RNF, VE, call, fault, refusal
from dynamodb.clients import create_table
from dynamodb.facts import fact

MISSING = "arn:aws:dynamodb:us-east-1:000000000000:table/no.such"
TAG = [{"Key": "k", "Value": "v"}]


def tag_list(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def listed(client: Any, arn: str) -> dict[str, str]:
    """Return the tags of all pages."""
    tags: dict[str, str] = {}
    request = {"ResourceArn": arn}
    while True:
        page = call(client, "ListTagsOfResource", request)
        assert not tags.keys() & {tag["Key"] for tag in page["Tags"]}
        tags |= {tag["Key"]: tag["Value"] for tag in page["Tags"]}
        if "NextToken" not in page:
            return tags
        request["NextToken"] = page["NextToken"]


@pytest.fixture
def arn(client: Any, name: str) -> Iterator[str]:
    """The ARN of a table with one tag."""
    yield create_table(client, name, Tags=tag_list({"born": "with"}))["TableDescription"]["TableArn"]
    client.delete_table(TableName=name)


@fact("tables.133", "tables.134", "tables.136")
def test_tags_are_added_replaced_and_removed(client: Any, arn: str) -> None:
    assert listed(client, arn) == {"born": "with"}
    new = tag_list({"a": "1", "born": "again"})
    assert call(client, "TagResource", {"ResourceArn": arn, "Tags": new}) == {}
    assert listed(client, arn) == {"born": "again", "a": "1"}
    assert call(client, "UntagResource", {"ResourceArn": arn, "TagKeys": ["born", "never was"]}) == {}
    assert listed(client, arn) == {"a": "1"}
    client.untag_resource(ResourceArn=arn, TagKeys=["a"])
    assert call(client, "ListTagsOfResource", {"ResourceArn": arn}) == {"Tags": []}


@fact("tables.86")
def test_a_new_table_does_not_inherit_tags(client: Any, name: str) -> None:
    for tags in ({"k": "v"}, {}):
        created = create_table(client, name, Tags=tag_list(tags))
        assert listed(client, created["TableDescription"]["TableArn"]) == tags
        client.delete_table(TableName=name)


@fact("tables.135", "tables.137", "tables.144")
def test_fifty_tags_are_listed_page_by_page(client: Any, arn: str) -> None:
    client.untag_resource(ResourceArn=arn, TagKeys=["born"])
    tags = {f"{number}-".ljust(128, "ä"): "v" * 256 for number in range(50)}
    client.tag_resource(ResourceArn=arn, Tags=tag_list(tags))
    assert listed(client, arn) == tags
    first = call(client, "ListTagsOfResource", {"ResourceArn": arn})
    assert len(first["Tags"]) < 50
    client.tag_resource(ResourceArn=arn, Tags=tag_list(dict.fromkeys(tags, "")))
    code, _ = fault(refusal(client, "TagResource", {"ResourceArn": arn, "Tags": TAG}))
    assert code in ("LimitExceededException", VE)
    assert listed(client, arn) == dict.fromkeys(tags, "")


OPERATIONS: dict[str, dict[str, Any]] = {
    "TagResource": {"Tags": TAG},
    "UntagResource": {"TagKeys": ["k"]},
    "ListTagsOfResource": {},
}


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize(
    ("resource", "text"),
    [
        (None, "Invalid TableArn"),
        ("", "Invalid TableArn"),
        ("tab", "Invalid TableArn: Invalid ResourceArn provided as input tab"),
        (f"{MISSING}!", f"Invalid TableArn: Invalid ResourceArn provided as input {MISSING}!"),
    ],
)
@fact("tables.139")
def test_what_is_no_arn_is_refused(client: Any, operation: str, resource: str | None, text: str) -> None:
    request = {"ResourceArn": resource, **OPERATIONS[operation]}
    present = {name: value for name, value in request.items() if value is not None}
    assert fault(refusal(client, operation, present)) == (VE, text)


@pytest.mark.parametrize("given", [[], None])
@pytest.mark.parametrize(
    ("operation", "member", "text"),
    [
        ("TagResource", "Tags", "Atleast one Tag needs to be provided as Input."),
        ("UntagResource", "TagKeys", "Atleast one Tag Key needs to be provided as Input."),
    ],
)
@fact("tables.140")
def test_nothing_to_change_is_refused(
    client: Any, arn: str, operation: str, member: str, text: str, given: list[Any] | None
) -> None:
    request = {"ResourceArn": arn, **({} if given is None else {member: given})}
    assert fault(refusal(client, operation, request)) == (VE, text)


@pytest.mark.parametrize("operation", ["TagResource", "UntagResource"])
@fact("tables.141")
def test_a_missing_table_has_no_tags_to_change(client: Any, operation: str) -> None:
    told = fault(refusal(client, operation, {"ResourceArn": MISSING, **OPERATIONS[operation]}))
    assert told == (RNF, f"Requested resource not found: ResourcArn: {MISSING} not found")


@fact("tables.142")
def test_a_missing_table_is_not_even_told_of(client: Any) -> None:
    code, text = fault(refusal(client, "ListTagsOfResource", {"ResourceArn": MISSING}))
    assert code == "AccessDeniedException"
    assert f"is not authorized to perform: dynamodb:ListTagsOfResource on resource: {MISSING}" in text


@pytest.mark.parametrize(
    "tags",
    [
        pytest.param(TAG * 2, marks=fact("tables.143")),
        pytest.param([{"Key": "aws:k", "Value": ""}], marks=fact("tables.138")),
        pytest.param([{"Key": "", "Value": ""}], marks=fact("tables.137")),
        pytest.param([{"Key": "k" * 129, "Value": ""}], marks=fact("tables.137")),
        pytest.param([{"Key": "k", "Value": "v" * 257}], marks=fact("tables.137")),
    ],
)
def test_faulty_tags_are_refused(client: Any, arn: str, tags: list[dict[str, str]]) -> None:
    assert fault(refusal(client, "TagResource", {"ResourceArn": arn, "Tags": tags}))[0] == VE
    assert listed(client, arn) == {"born": "with"}


def test_a_token_that_was_not_given_is_refused(client: Any, arn: str) -> None:
    for token in ("!", "=", "/w=="):
        assert fault(refusal(client, "ListTagsOfResource", {"ResourceArn": arn, "NextToken": token}))[0] == VE
