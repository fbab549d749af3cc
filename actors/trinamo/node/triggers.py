"""The triggers of a cluster, and how `trinamo dev --trigger` says them.

    orders=http://127.0.0.1:9000/          a table and the URL that events are posted to
    triggers.json                          an object or a list of them, with the members of CreateEventSourceMapping:
                                           {"Table": "orders", "Function": "http://…", "BatchSize": 10, …,
                                            "OnFailure": "http://…"}

Those of the command line are part of the cluster, and stay when it is reset; those added later go.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

import attrs
import orjson
import trio

from trinamo.node.functions import Function, name_of, python_function, url_function
from trinamo.node.shardreader import Means
from trinamo.node.trigger import Trigger
from trinamo.triggers import BadMapping, Mapping, read_mapping

SCHEMES: Final = ("http://", "https://")

Handler = Callable[..., Any] | str
"""A function `handler(event)` or `handler(event, context)`, sync or async; or a URL."""


def function_of(handler: Handler) -> Function:
    return url_function(handler) if isinstance(handler, str) else python_function(handler)


@attrs.frozen
class TriggerSpec:
    """A trigger that the command line asks for."""

    table: str
    url: str
    mapping: Mapping = Mapping()
    on_failure: str | None = None


class Triggers:
    """All triggers of a cluster. `means` is what each works with."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self._nursery: trio.Nursery | None = None
        self._waiting: list[Trigger] = []
        self._all: list[Trigger] = []
        self._kept: set[str] = set()

    def __repr__(self) -> str:
        return f"<Triggers {[trigger.name for trigger in self._all]}>"

    async def run(self, specs: tuple[TriggerSpec, ...] = ()) -> None:
        """Run the triggers that are asked for, and those that are added, until cancelled."""
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            for spec in specs:
                trigger = self.add(spec.table, spec.url, spec.mapping, spec.on_failure)
                self._kept.add(trigger.name)
            await trio.sleep_forever()

    def add(
        self,
        table: str,
        handler: Handler,
        mapping: Mapping,
        on_failure: Handler | None = None,
        name: str | None = None,
        region: str | None = None,
    ) -> Trigger:
        """Begin a trigger. Raises `BadMapping` if there is one of the same name."""
        name = name or f"{table}-{name_of(handler)}"
        if any(trigger.name == name for trigger in self._all):
            raise BadMapping(f"there is a trigger {name} already; give this one another name")
        destination = None if on_failure is None else function_of(on_failure)
        means = attrs.evolve(self._means, ask=partial(self._means.ask, region=region))
        trigger = Trigger(name, table, mapping, function_of(handler), destination, means)
        self._all.append(trigger)
        assert self._nursery is not None
        self._nursery.start_soon(trigger.run)
        return trigger

    def remove(self, trigger: Trigger) -> None:
        """End a trigger. What it has not taken, one of the same name will."""
        trigger.stop()
        self._all = [each for each in self._all if each is not trigger]

    def reset(self) -> None:
        """End those that were added; the tables are gone, and so is how far the others have come in them."""
        for trigger in self._all:
            if trigger.name not in self._kept:
                self.remove(trigger)
        self._means.checkpoints.clear()

    def show(self) -> list[dict[str, Any]]:
        return [trigger.show() for trigger in self._all]


# What the command line says.


def read_trigger(text: str) -> list[TriggerSpec]:
    """Read one `--trigger`. Raises `BadMapping` with one line."""
    table, equals, url = text.partition("=")
    if equals and url.startswith(SCHEMES):
        return [TriggerSpec(table, url)]
    if equals and "://" in url:
        raise BadMapping(f"{url} is no http URL")
    path = Path(text)
    try:
        tree = orjson.loads(path.read_bytes())
    except FileNotFoundError:
        raise BadMapping(f"{text} is neither TABLE=URL nor a file") from None
    except (OSError, ValueError) as error:
        raise BadMapping(f"{text}: {error}") from None
    try:
        return [_spec(each) for each in (tree if isinstance(tree, list) else [tree])]
    except BadMapping as error:
        raise BadMapping(f"{text}: {error}") from None


def _spec(given: Any) -> TriggerSpec:
    if not isinstance(given, dict):
        raise BadMapping("a trigger is an object")
    for name in ("Table", "Function", "OnFailure"):
        if name in given and not isinstance(given[name], str):
            raise BadMapping(f"{name} is a text")
    if "Table" not in given or not given.get("Function", "").startswith(SCHEMES):
        raise BadMapping("a trigger has a Table, and a Function that is an http URL")
    return TriggerSpec(given["Table"], given["Function"], read_mapping(given), given.get("OnFailure"))
