"""Tags: names and values that users hang on tables."""

from collections.abc import Sequence
from typing import Final

import attrs

from trinamo.model.errors import limit_exceeded, validation
from trinamo.model.limits import LIST_TAGS_MAX, TAG_KEY_LENGTH_MAX, TAG_VALUE_LENGTH_MAX, TAGS_MAX
from trinamo.model.shapes import List, Member, Request, String, Structure
from trinamo.model.tables import TableSpec, Tag

TAG_KEY: Final = String(1, TAG_KEY_LENGTH_MAX)
TAGS: Final = Member(
    "Tags",
    List(
        Structure(
            "Tag",
            Member("Key", TAG_KEY, required=True),
            Member("Value", String(0, TAG_VALUE_LENGTH_MAX), required=True),
        )
    ),
)

_RESERVED: Final = "aws:"


def tags(given: list[Request]) -> tuple[Tag, ...]:
    """Return the tags of a request, or raise the `ApiError` of what is wrong with them."""
    if len(given) > TAGS_MAX:
        raise validation(f"Too many tags: a table has at most {TAGS_MAX}")
    if len({tag["Key"] for tag in given}) < len(given):
        raise validation("Duplicate tag keys in one request are not allowed")
    if any(tag["Key"].startswith(_RESERVED) for tag in given):
        raise validation(f"Tag keys that begin with {_RESERVED} are reserved")
    return tuple(Tag(tag["Key"], tag["Value"]) for tag in given)


def with_tags(spec: TableSpec, new: Sequence[Tag]) -> TableSpec:
    """Return a table with more tags, which replace those of equal keys. Raises the error of too many."""
    merged = {tag.key: tag for tag in (*spec.tags, *new)}
    if len(merged) > TAGS_MAX:
        raise limit_exceeded(f"Subscriber limit exceeded: There is a limit of {TAGS_MAX} tags per resource")
    return attrs.evolve(spec, tags=tuple(merged.values()))


def without_tags(spec: TableSpec, keys: Sequence[str]) -> TableSpec:
    """Return a table without the tags of these keys, whether it has them or not."""
    return attrs.evolve(spec, tags=tuple(tag for tag in spec.tags if tag.key not in keys))


def page_of_tags(spec: TableSpec, after: str | None) -> tuple[Sequence[Tag], bool]:
    """Return up to a page of tags in the order of their keys, those above `after`, and whether there are more."""
    rest = [tag for tag in sorted(spec.tags, key=lambda tag: tag.key) if after is None or tag.key > after]
    return rest[:LIST_TAGS_MAX], len(rest) > LIST_TAGS_MAX
