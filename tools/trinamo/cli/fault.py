"""`trinamo fault`: break a running cluster on purpose. One command a verb, made from the table of verbs."""

import json
from typing import Any, Final

import click

from trinamo.cli.control import addressed, talk
from trinamo.cli.examples import examples
from trinamo.faults.verbs import KNOWN, NETWORK_DELAY, VERBS

_HELP: Final = {
    "throttle": "Refuse requests for want of capacity.",
    "fail_before": "Answer requests with a 500, and do nothing.",
    "fail_after": "Do what is asked, and answer with a 500.",
    "drop_reply": "Do what is asked, and close the connection without an answer.",
    "conflict": "Refuse writes as if a transaction held the item.",
    "unprocessed": "Leave items of batches unprocessed.",
    "small_pages": "End pages of Query and Scan early.",
    "stale_reads": "Let eventually consistent reads see the past.",
    "index_lag": "Let global indexes learn of writes later.",
    "delay": "Hold requests; or, with --node, --from or --to, what nodes say to each other.",
    "drop": "Lose what nodes say to each other.",
    "partition": "Part groups of nodes: --groups n1/n2,n3",
    "isolate": "Part a node from all others.",
    "pause": "Stop a node, as a long collection of garbage would.",
    "crash": "End a node at once.",
    "restart": "Begin another life of a crashed node.",
    "repair": "End all faults between nodes.",
    "transfer": "Have a node lead the partitions of a table, or the one that holds a key.",
}
_EXAMPLES: Final = {
    "throttle": (
        "trinamo fault throttle --table orders --probability 0.3 --seed 7",
        "trinamo fault throttle --operation PutItem --count 2 --seconds 30",
    ),
    "fail_before": ("trinamo fault fail-before --operation UpdateItem --count 1",),
    "fail_after": ("trinamo fault fail-after --operation PutItem --table orders --count 1",),
    "drop_reply": ("trinamo fault drop-reply --operation PutItem --count 1",),
    "conflict": (
        """trinamo fault conflict --table orders --key '{"customer": {"S": "ada"}, "placed": {"N": "1"}}'""",
    ),
    "unprocessed": ("trinamo fault unprocessed --table orders --items 2 --count 3",),
    "small_pages": ("trinamo fault small-pages --operation Query --items 1",),
    "stale_reads": ("trinamo fault stale-reads --table orders --lag-ms 200",),
    "index_lag": ("trinamo fault index-lag --table orders --lag-ms 500 --seconds 30",),
    "delay": (
        "trinamo fault delay --operation GetItem --ms 50 --probability 0.1",
        "trinamo fault delay --from n1 --to n2 --ms 20",
    ),
    "drop": ("trinamo fault drop --from n1 --to n2 --probability 0.05 --seconds 10",),
    "partition": ("trinamo fault partition --groups n1,n2/n3 --seconds 10",),
    "isolate": ("trinamo fault isolate --node n3 --seconds 10",),
    "pause": ("trinamo fault pause --node n3 --seconds 2",),
    "crash": ("trinamo fault crash --node n3", "trinamo fault restart --node n3"),
    "restart": ("trinamo fault crash --node n3", "trinamo fault restart --node n3"),
    "repair": ("trinamo fault isolate --node n3", "trinamo fault repair"),
    "transfer": ("trinamo fault transfer --table orders --to n2",),
}
_TEXTS: Final = {"table", "index", "operation", "node", "from", "to", "error", "reason"}
_WHOLE: Final = {"seed", "count", "items", "bytes"}


def _key(context: click.Context, parameter: click.Parameter, value: str | None) -> Any:
    if value is None:
        return None
    try:
        return json.loads(value)
    except ValueError:
        raise click.BadParameter('a key is DynamoDB JSON, such as \'{"id": {"S": "a"}}\'') from None


def _groups(context: click.Context, parameter: click.Parameter, value: str | None) -> Any:
    return None if value is None else [group.split(",") for group in value.split("/")]


def _option(field: str) -> click.Option:
    name = [f"--{field.replace('_', '-')}", field]
    if field == "key":
        return click.Option(name, callback=_key, help="Of an item, in DynamoDB JSON.")
    if field == "groups":
        return click.Option(name, callback=_groups, help="n1/n2,n3")
    kind: Any = str if field in _TEXTS else int if field in _WHOLE else float
    return click.Option(name, type=kind)


def _command(verb: str) -> click.Command:
    fields = VERBS[verb].fields
    if verb == "delay":
        fields = tuple(dict.fromkeys([*fields, *VERBS[NETWORK_DELAY].fields]))

    @addressed
    def ask(url: str, token: str | None, **given: Any) -> None:
        body = {"verb": verb, **{field: value for field, value in given.items() if value is not None}}
        _show(talk(url, token, "POST", "faults", body))

    made = click.command(verb.replace("_", "-"), help=_HELP[verb], epilog=examples(*_EXAMPLES[verb]))(ask)
    made.params = [*map(_option, fields), *made.params]
    return made


@click.group(
    epilog=examples(
        "trinamo fault throttle --table orders --probability 0.3",
        "trinamo fault list",
        "trinamo fault remove --all",
    )
)
def fault() -> None:
    """Break a running cluster on purpose, and mend it."""


for _verb in KNOWN:
    fault.add_command(_command(_verb))


@fault.command("list", epilog=examples("trinamo fault list"))
@addressed
def list_(url: str, token: str | None) -> None:
    """Show the faults that last, and how often each has happened."""
    _show(talk(url, token, "GET", "faults"))


@fault.command(epilog=examples("trinamo fault throttle --count 3", "trinamo fault remove --all"))
@click.argument("ids", nargs=-1)
@click.option("--all", "every", is_flag=True, help="Remove all.")
@addressed
def remove(url: str, token: str | None, ids: tuple[str, ...], every: bool) -> None:
    """End faults, by the ids that `list` shows."""
    if every == bool(ids):
        raise click.UsageError("say which, or --all")
    for name in ("faults",) if every else [f"faults/{id_}" for id_ in ids]:
        _show(talk(url, token, "DELETE", name))


@click.command(epilog=examples("trinamo clock", "trinamo clock --advance 1h30m"))
@click.option("--advance", help="How far: 90s, 1h30m, 3d.")
@addressed
def clock(url: str, token: str | None, advance: str | None) -> None:
    """Show how far the cluster's wall clock is ahead, or advance it."""
    if advance is None:
        _show(talk(url, token, "GET", "clock"))
    else:
        _show(talk(url, token, "POST", "clock", {"advance": advance}))


def _show(answer: Any) -> None:
    click.echo(json.dumps(answer))
