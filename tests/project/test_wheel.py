"""What a user installs: the namespace `trinamo`, typed, and nothing beside it."""

import subprocess
import sys
import zipfile
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> list[PurePosixPath]:
    directory = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(directory)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=60)
    (archive,) = directory.glob("*.whl")
    return [PurePosixPath(name) for name in zipfile.ZipFile(archive).namelist()]


def test_wheel_contains_the_namespace_and_its_metadata_only(wheel: list[PurePosixPath]) -> None:
    tops = {path.parts[0] for path in wheel}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"trinamo"}
    assert len(tops) == 2


def test_wheel_leaves_the_namespace_open(wheel: list[PurePosixPath]) -> None:
    assert PurePosixPath("trinamo/__init__.py") not in wheel


def test_wheel_holds_every_source_file_once(wheel: list[PurePosixPath]) -> None:
    expected = {
        PurePosixPath(path.relative_to(ROOT / root))
        for root in ("runtime", "actors", "client", "tools")
        for path in (ROOT / root / "trinamo").rglob("*.py")
    }
    packed = [path for path in wheel if path.suffix == ".py"]
    assert set(packed) >= expected
    assert len(packed) == len(set(packed))


def test_every_package_of_the_wheel_is_typed(wheel: list[PurePosixPath]) -> None:
    packages = {path.parts[1] for path in wheel if path.parts[0] == "trinamo"}
    typed = {path.parts[1] for path in wheel if path.name == "py.typed"}
    assert packages == typed
