"""Who may import whom, and what pure code may not do.

The rules are two tables below: `MAY_IMPORT` names, for every package, the packages it may lean on (never a cycle), and
`PURE` the ones that hold no coroutine and reach no clock, dice, thread, socket or file. They are read off the source
with `ast`, so an import inside a function or under TYPE_CHECKING counts as well. Other tests plant violations in a
copy of the tree and expect to see each of them reported.
"""

import ast
import shutil
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE_ROOTS = ("runtime", "actors", "client", "tools")

RUNTIME = {"base", "wire", "world", "lsm", "raft", "actor"}
PURE_ACTORS = {"model", "expressions", "partiql", "ring", "txn", "faults", "triggers"}
TOOLS = {"cli", "sim", "bench", "testing"}
MAY_IMPORT: dict[str, set[str]] = {
    "base": set(),
    "wire": {"base"},
    "world": {"base", "wire"},
    "lsm": {"base", "wire", "world"},
    "raft": {"base", "wire"},
    "actor": {"base", "wire", "world"},
    "model": {"base", "wire"},
    "expressions": {"base", "wire", "model"},
    "partiql": {"base", "wire", "model", "expressions"},
    "txn": {"base", "wire", "model"},
    "ring": {"base", "wire"},
    "faults": {"base", "wire", "model"},
    "triggers": {"base"},
    "partition": RUNTIME | PURE_ACTORS,
    "cluster": RUNTIME | PURE_ACTORS | {"partition"},
    "gateway": RUNTIME | PURE_ACTORS | {"partition", "cluster"},
    "node": RUNTIME | PURE_ACTORS | {"partition", "cluster", "gateway"},
    "client": {
        "base",
        "wire",
        *(f"trinamo.model.{name}" for name in ("errors", "numbers", "operations", "signing", "values")),
    },
}
# What a single file may do beyond its package.
EXCEPTIONS: dict[str, set[str]] = {"trinamo.raft.storage": {"lsm", "world"}}

PURE = {"base", "wire", "raft", *PURE_ACTORS}
IMPURE_FILES = {"trinamo.raft.storage"}
IMPURE_MODULES = {
    "asyncio", "multiprocessing", "os", "random", "secrets", "select", "selectors", "signal", "socket",
    "subprocess", "tempfile", "threading", "time", "trio", "uuid",
}  # fmt: skip
UNSEEN_IMPORTS = {"importlib", "__import__"}


@attrs.frozen
class Source:
    """One file of the project: `trinamo.raft.core`, of package `raft`."""

    module: str
    tree: ast.Module
    is_package: bool

    @property
    def package(self) -> str:
        return self.module.split(".")[1]


@attrs.frozen
class Import:
    """`import X` or `from X import Y`, with X and X.Y made absolute."""

    module: str
    names: tuple[str, ...]


def sources(root: Path) -> Iterator[Source]:
    for source_root in SOURCE_ROOTS:
        for path in sorted((root / source_root / "trinamo").rglob("*.py")):
            parts = path.relative_to(root / source_root).with_suffix("").parts
            is_package = parts[-1] == "__init__"
            module = ".".join(parts[:-1] if is_package else parts)
            yield Source(module, ast.parse(path.read_text(), str(path)), is_package)


def imports(source: Source) -> Iterator[Import]:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, ()) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = absolute(source, node)
            yield Import(module, tuple(f"{module}.{alias.name}" for alias in node.names))


def absolute(source: Source, node: ast.ImportFrom) -> str:
    if node.level == 0:
        return node.module or ""
    above = node.level - (1 if source.is_package else 0)
    start = source.module.split(".")[: -above or None]
    return ".".join([*start, *([node.module] if node.module else [])])


def violations(root: Path) -> list[str]:
    found: list[str] = []
    for source in sources(root):
        found += [f"{source.module} imports {name}" for name in misplaced_imports(source)]
        if source.package in PURE and source.module not in IMPURE_FILES:
            found += [f"{source.module} is pure but {fault}" for fault in impurities(source)]
    return found


def misplaced_imports(source: Source) -> Iterator[str]:
    if source.package in TOOLS:
        return
    allowed = MAY_IMPORT[source.package] | EXCEPTIONS.get(source.module, set()) | {source.package}
    for found in imports(source):
        names = found.names if found.module == "trinamo" else (found.module,)
        for name in names:
            if name.split(".")[0] == "trinamo" and not is_allowed(name, found, allowed):
                yield name


def is_allowed(name: str, found: Import, allowed: set[str]) -> bool:
    package = name.split(".")[1] if "." in name else ""
    # `from trinamo.model import values` is as good as `from trinamo.model.values import ...`.
    return package in allowed or name in allowed or (bool(found.names) and set(found.names) <= allowed)


def impurities(source: Source) -> Iterator[str]:
    for found in imports(source):
        top = found.module.split(".")[0]
        if top in IMPURE_MODULES | UNSEEN_IMPORTS:
            yield f"imports {found.module}"
    for node in ast.walk(source.tree):
        if isinstance(node, ast.AsyncFunctionDef):
            yield f"holds the coroutine {node.name}"
        elif isinstance(node, ast.Name) and node.id in {"open", "__import__"}:
            yield f"calls {node.id}"


def test_every_import_goes_down_the_layers_and_pure_code_is_pure() -> None:
    assert violations(ROOT) == []


def test_every_package_has_a_place_in_the_layers() -> None:
    packages = {source.package for source in sources(ROOT)}
    assert packages == MAY_IMPORT.keys() | TOOLS


def test_the_layers_have_no_cycle() -> None:
    graph = {package: {name for name in below if name in MAY_IMPORT} for package, below in MAY_IMPORT.items()}
    while graph:
        leaves = {package for package, below in graph.items() if not below & graph.keys()}
        assert leaves, f"a cycle among {sorted(graph)}"
        graph = {package: below for package, below in graph.items() if package not in leaves}


def plant(root: Path, path: str, planted: str) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(planted + "\n")


def test_a_violation_planted_in_the_real_tree_is_the_one_reported(tmp_path: Path) -> None:
    for source_root in SOURCE_ROOTS:
        shutil.copytree(ROOT / source_root / "trinamo", tmp_path / source_root / "trinamo")
    before = violations(tmp_path)
    plant(tmp_path, "runtime/trinamo/base/deep/er.py", "from trinamo.node import config")
    assert set(violations(tmp_path)) - set(before) == {"trinamo.base.deep.er imports trinamo.node"}


@pytest.mark.parametrize(
    ("path", "planted", "report"),
    [
        ("runtime/trinamo/base/x.py", "import trinamo.wire", "trinamo.base.x imports trinamo.wire"),
        ("runtime/trinamo/wire/x.py", "from trinamo.world import World", "trinamo.wire.x imports trinamo.world"),
        ("runtime/trinamo/lsm/x.py", "from trinamo.raft import entry", "trinamo.lsm.x imports trinamo.raft"),
        ("runtime/trinamo/raft/x.py", "from trinamo.lsm import a", "trinamo.raft.x imports trinamo.lsm"),
        ("runtime/trinamo/raft/x.py", "from ..actor import a", "trinamo.raft.x imports trinamo.actor"),
        ("runtime/trinamo/actor/x.py", "from trinamo import model", "trinamo.actor.x imports trinamo.model"),
        ("actors/trinamo/model/x.py", "import trinamo.txn", "trinamo.model.x imports trinamo.txn"),
        ("actors/trinamo/ring/x.py", "import trinamo.model", "trinamo.ring.x imports trinamo.model"),
        ("actors/trinamo/partition/x.py", "import trinamo.cluster", "trinamo.partition.x imports trinamo.cluster"),
        ("actors/trinamo/cluster/x.py", "def f():\n    import trinamo.gateway", "trinamo.cluster.x imports trinamo.gateway"),
        ("actors/trinamo/gateway/x.py", "from trinamo.node import a", "trinamo.gateway.x imports trinamo.node"),
        ("actors/trinamo/node/x.py", "import trinamo.sim", "trinamo.node.x imports trinamo.sim"),
        ("client/trinamo/client/x.py", "import trinamo.world", "trinamo.client.x imports trinamo.world"),
        ("client/trinamo/client/x.py", "from trinamo.model import keys", "trinamo.client.x imports trinamo.model"),
        ("runtime/trinamo/raft/x.py", "import time", "trinamo.raft.x is pure but imports time"),
        ("runtime/trinamo/wire/x.py", "from os import path", "trinamo.wire.x is pure but imports os"),
        ("actors/trinamo/txn/x.py", "def f():\n    import trio.lowlevel", "trinamo.txn.x is pure but imports trio.lowlevel"),
        ("actors/trinamo/ring/x.py", "import random as dice", "trinamo.ring.x is pure but imports random"),
        ("actors/trinamo/model/x.py", "async def f(): ...", "trinamo.model.x is pure but holds the coroutine f"),
        ("actors/trinamo/model/x.py", "f = open('f')", "trinamo.model.x is pure but calls open"),
    ],
)  # fmt: skip
def test_a_planted_violation_is_reported(tmp_path: Path, path: str, planted: str, report: str) -> None:
    plant(tmp_path, path, planted)
    assert violations(tmp_path) == [report]


@pytest.mark.parametrize(
    ("path", "planted"),
    [
        ("runtime/trinamo/raft/storage.py", "import time\nfrom trinamo.lsm import a"),
        (
            "client/trinamo/client/x.py",
            "from trinamo.model import numbers\nfrom trinamo.model.operations import SERVICES",
        ),
        ("actors/trinamo/node/x.py", "import trio\nimport trinamo.base\n\nasync def f(): ..."),
        ("tools/trinamo/cli/x.py", "import os\nimport trinamo.node\nimport trinamo.sim"),
    ],
)
def test_what_the_rules_permit_is_not_reported(tmp_path: Path, path: str, planted: str) -> None:
    plant(tmp_path, path, planted)
    assert violations(tmp_path) == []
