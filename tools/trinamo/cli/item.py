"""`trinamo item`: get, put, update and delete one item."""

import sys
from typing import Any

import click

from trinamo.cli.examples import examples
from trinamo.cli.output import Command, as_json_option, is_for_people, print_item, print_items
from trinamo.cli.phrases import CONDITION, UPDATE, PhraseFault, Phrases
from trinamo.cli.target import Target, complete_table, targeted
from trinamo.cli.values import Item, read_item


def _dynamodb_json(command: Command) -> Command:
    return click.option(
        "--dynamodb-json",
        is_flag=True,
        help='Items as DynamoDB says them, {"n": {"N": "1"}}: needed for binary values and sets.',
    )(command)


def _condition(command: Command) -> Command:
    return click.option(
        "--if", "condition", metavar="CONDITION", help="Only if this holds for the item as it is."
    )(command)


@click.group(
    epilog=examples(
        """trinamo item put orders '{"customer": "ada", "placed": 1, "paid": false}'""",
        """trinamo item get orders '{"customer": "ada", "placed": 1}'""",
    )
)
def item() -> None:
    """Read and write single items.

    Items and keys are plain JSON: strings are S, numbers N, true and false BOOL, null NULL, arrays L, objects M. Or
    DynamoDB JSON, with --dynamodb-json. "-" reads them from stdin.
    """


@item.command(
    epilog=examples(
        """trinamo item get orders '{"customer": "ada", "placed": 1}'""",
        """trinamo item get orders '{"customer": {"S": "ada"}, "placed": {"N": "1"}}' --dynamodb-json""",
    )
)
@click.argument("table", shell_complete=complete_table)
@click.argument("key")
@click.option("--consistent", is_flag=True, help="A strongly consistent read.")
@_dynamodb_json
@as_json_option
@targeted
def get(table: str, key: str, consistent: bool, dynamodb_json: bool, as_json: bool, target: Target) -> None:
    """Show the item with a key; where there is none, exit with status 1."""
    asked = _read(key, dynamodb_json)
    request = {"TableName": table, "Key": asked, "ConsistentRead": consistent}
    found = target.open().call("GetItem", request).get("Item")
    if found is None:
        raise click.ClickException(f"table {table} has no item with this key")
    _show(found, asked, as_json or dynamodb_json, dynamodb_json)


@item.command(
    epilog=examples(
        """trinamo item put orders '{"customer": "ada", "placed": 2, "lines": [{"what": "tea", "n": 3}]}'""",
        """trinamo item put orders '{"customer": "bob", "placed": 1}' --if 'attribute_not_exists(customer)'""",
        """trinamo item put orders '{"customer": {"S": "eve"}, "placed": {"N": "1"}, "tags": {"SS": ["new"]}}' --dynamodb-json""",
    )
)
@click.argument("table", shell_complete=complete_table)
@click.argument("item", metavar="ITEM")
@_condition
@_dynamodb_json
@targeted
def put(table: str, item: str, condition: str | None, dynamodb_json: bool, target: Target) -> None:
    """Store an item, in the place of the one with the same key."""
    phrases = Phrases()
    request = {"TableName": table, "Item": _read(item, dynamodb_json), **_conditions(phrases, condition)}
    target.open().call("PutItem", {**request, **phrases.members()}, repeatable=condition is None)


@item.command(
    epilog=examples(
        """trinamo item update orders '{"customer": "ada", "placed": 1}' 'SET paid = true, visits = if_not_exists(visits, 0) + 1'""",
        """trinamo item update orders '{"customer": "ada", "placed": 1}' 'ADD tags <<"vip">> REMOVE note' --if 'paid = true'""",
    )
)
@click.argument("table", shell_complete=complete_table)
@click.argument("key")
@click.argument("changes")
@_condition
@_dynamodb_json
@as_json_option
@targeted
def update(
    table: str,
    key: str,
    changes: str,
    condition: str | None,
    dynamodb_json: bool,
    as_json: bool,
    target: Target,
) -> None:
    """Change attributes of an item and show it as it is then.

    CHANGES is an update expression of DynamoDB, with values in place of placeholders: SET, REMOVE, ADD, DELETE. A set
    is written <<1, 2>>.
    """
    phrases = Phrases()
    asked = _read(key, dynamodb_json)
    request = {
        "TableName": table,
        "Key": asked,
        "UpdateExpression": said(phrases, changes, UPDATE),
        **_conditions(phrases, condition),
        "ReturnValues": "ALL_NEW",
    }
    answer = target.open().call("UpdateItem", {**request, **phrases.members()}, repeatable=False)
    _show(answer["Attributes"], asked, as_json or dynamodb_json, dynamodb_json)


@item.command(
    epilog=examples(
        """trinamo item delete orders '{"customer": "bob", "placed": 1}'""",
        """trinamo item delete orders '{"customer": "ada", "placed": 2}' --if 'size(lines) < 5'""",
    )
)
@click.argument("table", shell_complete=complete_table)
@click.argument("key")
@_condition
@_dynamodb_json
@targeted
def delete(table: str, key: str, condition: str | None, dynamodb_json: bool, target: Target) -> None:
    """Delete the item with a key, if there is one."""
    phrases = Phrases()
    request = {"TableName": table, "Key": _read(key, dynamodb_json), **_conditions(phrases, condition)}
    target.open().call("DeleteItem", {**request, **phrases.members()}, repeatable=condition is None)


def _read(text: str, dynamodb_json: bool) -> Item:
    try:
        return read_item(sys.stdin.buffer.read() if text == "-" else text, dynamodb_json=dynamodb_json)
    except ValueError as error:
        raise click.UsageError(f"{text[:40]!r} is no item: {error}") from None


def said(phrases: Phrases, text: str, keywords: frozenset[str] = CONDITION) -> str:
    """Return the expression that a text means. Raises `click.UsageError`."""
    try:
        return phrases.add(text, keywords)
    except PhraseFault as fault:
        raise click.UsageError(f"{text[:60]!r}: {fault}") from None


def _conditions(phrases: Phrases, condition: str | None) -> dict[str, Any]:
    return {} if condition is None else {"ConditionExpression": said(phrases, condition)}


def _show(found: Item, key: Item, as_json: bool, dynamodb_json: bool) -> None:
    if is_for_people(as_json):
        print_items([found], list(key))
    else:
        print_item(found, dynamodb_json=dynamodb_json)
