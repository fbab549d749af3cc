"""`trinamo query`: the items that a condition on the key selects, or all."""

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import click

from trinamo.cli.examples import examples
from trinamo.cli.item import said
from trinamo.cli.output import as_json_option, is_for_people, print_item, print_items
from trinamo.cli.phrases import NAMES, Phrases
from trinamo.cli.target import Target, complete_table, targeted
from trinamo.cli.values import Item

if TYPE_CHECKING:
    from trinamo.cli.service import Service

_SHOWN_TO_PEOPLE: Final = 100


@click.command(
    epilog=examples(
        """trinamo query airports 'state = "RI" AND begins_with(iata, "P")'""",
        """trinamo query airports 'state = "CO" AND iata BETWEEN "A" AND "C"' --select iata,name,city""",
        """trinamo query airports 'state = "TX"' --filter 'contains(name, "Muni")' --descending --limit 3""",
        """trinamo query airports --filter 'size(name) > 30 AND NOT state IN ("TX", "AK")' --json""",
    )
)
@click.argument("table", shell_complete=complete_table)
@click.argument("condition", required=False)
@click.option("--filter", "filter_", metavar="CONDITION", help="Of what is read, show only this.")
@click.option("--index", metavar="NAME", help="Read an index instead of the table.")
@click.option("--select", metavar="NAME,…", help="Only these attributes.")
@click.option(
    "--limit", type=click.IntRange(1), help="Show so many at most. [default: 100 on a terminal, else all]"
)
@click.option("--descending", is_flag=True, help="From the end of the sort key.")
@click.option("--consistent", is_flag=True, help="Strongly consistent reads.")
@click.option("--dynamodb-json", is_flag=True, help="Items in DynamoDB JSON, one a line.")
@as_json_option
@targeted
def query(
    table: str,
    condition: str | None,
    filter_: str | None,
    index: str | None,
    select: str | None,
    limit: int | None,
    descending: bool,
    consistent: bool,
    dynamodb_json: bool,
    as_json: bool,
    target: Target,
) -> None:
    """Show the items that a condition on the key selects, or all.

    Without CONDITION the whole table is read (a Scan). Conditions are DynamoDB's, with values in place of placeholders: strings in quotes, numbers, true, false, null,
    arrays. Names may be reserved words; odd ones stand in `backticks`. CONDITION says = of the partition key and
    perhaps =, <, <=, >, >=, BETWEEN or begins_with of the sort key; --filter may say anything of any attribute.
    """
    if condition is None and descending:
        raise click.UsageError("--descending needs a condition: a whole table has no order")
    phrases = Phrases()
    request: dict[str, Any] = {"TableName": table, "ConsistentRead": consistent}
    if condition is not None:
        request["KeyConditionExpression"] = said(phrases, condition)
        request["ScanIndexForward"] = not descending
    if filter_ is not None:
        request["FilterExpression"] = said(phrases, filter_)
    elif limit is not None:
        request["Limit"] = limit  # else it would bound what is read, not what is shown
    if index is not None:
        request["IndexName"] = index
    if select is not None:
        request["ProjectionExpression"] = said(phrases, select, NAMES)
    request |= phrases.members()

    service = target.open()
    found = items(service, "Scan" if condition is None else "Query", request)
    if not is_for_people(as_json or dynamodb_json):
        for item in islice(found, limit):
            print_item(item, dynamodb_json=dynamodb_json)
        return
    from trinamo.cli.table import describe_table, key_names

    keys = key_names(describe_table(service, table), index)
    shown = list(islice(found, limit or _SHOWN_TO_PEOPLE))
    print_items(shown, [name for name in keys if any(name in item for item in shown)])
    more = limit is None and next(found, None) is not None
    click.echo(f"the first {len(shown)}; --limit shows more" if more else f"{len(shown)} items", err=True)


def items(service: "Service", operation: str, request: dict[str, Any]) -> Iterator[Item]:
    """Return the items of all pages of a Query or Scan."""
    for page in pages(service, operation, request):
        yield from page


def pages(service: "Service", operation: str, request: dict[str, Any]) -> Iterator[list[Item]]:
    """Return the pages of a Query or Scan: lists of items."""
    start: dict[str, Any] = {}
    while True:
        answer = service.call(operation, {**request, **start})
        yield answer["Items"]
        if "LastEvaluatedKey" not in answer:
            return
        start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}
