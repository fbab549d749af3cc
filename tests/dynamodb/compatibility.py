"""docs/compatibility.md: every operation of DynamoDB's, whether it is there, and what the tests hold of it.

tools/test tests/dynamodb --compatibility docs/compatibility.md
"""

from collections.abc import Mapping
from typing import Final

from botocore.session import Session

from trinamo.gateway.operations import OPERATIONS

_HEAD: Final = """\
# Compatibility

Which operations of DynamoDB there are, and how many facts about the service, of those listed in `tests/dynamodb/facts`, are held by black-box
tests that use them. Every answer of these tests is compared with the shapes of botocore's model too. This page is written by the tests:

```sh
tools/test tests/dynamodb --compatibility docs/compatibility.md
```

All other operations answer `UnknownOperationException` with their name and "not in this version".

| operation | | facts held |
|---|---|---:|
"""


def every_operation() -> list[str]:
    """The operations of DynamoDB and of its streams, by name."""
    session = Session()
    models = [session.get_service_model(service) for service in ("dynamodb", "dynamodbstreams")]
    return sorted({name for model in models for name in model.operation_names})


def page(facts: Mapping[str, int]) -> str:
    """Return the page, given how many facts about each operation are held."""
    rows = [
        f"| `{name}` | {'yes' if name in OPERATIONS else '—'} | {facts.get(name, 0) or ''} |"
        for name in every_operation()
    ]
    return _HEAD + "\n".join(rows) + "\n"


def read(text: str) -> dict[str, int]:
    """Return what a page says: the operations that are there, and the facts held of each."""
    cells = [line.split("|")[1:4] for line in text.splitlines() if line.startswith("| `")]
    return {name.strip(" `"): int(held.strip() or 0) for name, there, held in cells if there.strip() == "yes"}
