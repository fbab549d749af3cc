"""The lock file and the two commands of the README."""

import re
import shutil
import subprocess
import time
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]


def locked() -> dict[str, str]:
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    pins = [line.split("==") for line in lines if not line.startswith("#")]
    return {canonicalize_name(name): version for name, version in pins}


def test_lock_holds_names_and_versions_only() -> None:
    for line in (ROOT / "requirements.lock").read_text().splitlines():
        assert line.startswith("#") or re.fullmatch(r"[A-Za-z0-9_.-]+==[0-9][0-9a-z.]*", line)


def test_lock_pins_every_dependency_within_its_range() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    pins = locked()
    for requirement in map(Requirement, wanted):
        assert requirement.specifier.contains(pins[canonicalize_name(requirement.name)]), requirement


def copy_project(target: Path) -> Path:
    """A fresh clone, uncommitted work included."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    )  # fmt: skip
    for name in listed.stdout.splitlines():
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    return target


def pretend_ready(project: Path) -> None:
    """A `.venv` that looks installed, whose `trinamo` says where and how it was called."""
    bin = project / ".venv" / "bin"
    bin.mkdir(parents=True)
    (bin / "python").symlink_to("/bin/true")
    (bin / "trinamo").write_text('#!/bin/sh\necho "called: $*"\n')
    (bin / "trinamo").chmod(0o755)
    stamp = [
        str(project),
        *((project / name).read_text() for name in ("pyproject.toml", "requirements.lock")),
    ]
    (project / ".venv" / ".stamp-dev").write_text("\n".join(part.rstrip("\n") for part in stamp) + "\n")


def test_dev_passes_its_arguments_on_from_any_directory(tmp_path: Path) -> None:
    project = copy_project(tmp_path / "a clone")
    pretend_ready(project)
    run = subprocess.run(
        [project / "tools" / "dev", "--port", "0", "a b"], cwd="/", capture_output=True, text=True, check=True
    )
    assert run.stdout == "called: dev --port 0 a b\n"
    assert run.stderr == ""


def test_dev_starts_its_command_within_50_ms_when_all_is_set_up(tmp_path: Path) -> None:
    project = copy_project(tmp_path / "clone")
    pretend_ready(project)
    durations = []
    for _ in range(7):
        start = time.perf_counter()
        subprocess.run([project / "tools" / "dev"], check=True, capture_output=True)
        durations.append(time.perf_counter() - start)
    assert min(durations) < 0.05


def test_dev_sets_up_again_after_the_lock_file_changed(tmp_path: Path) -> None:
    project = copy_project(tmp_path / "clone")
    pretend_ready(project)
    with open(project / "requirements.lock", "a") as lock:
        lock.write("# changed\n")
    # The python of this environment is /bin/true, which makes every pip call a success.
    run = subprocess.run([project / "tools" / "dev"], capture_output=True, text=True, check=True)
    assert run.stdout == "called: dev\n"
    assert run.stderr.startswith("setting up .venv for tools/dev")
    again = subprocess.run([project / "tools" / "dev"], capture_output=True, text=True, check=True)
    assert again.stderr == ""


@pytest.mark.soak
def test_two_commands_in_a_fresh_clone_at_once_set_up_once(tmp_path: Path) -> None:
    project = copy_project(tmp_path / "clone")
    command = [str(project / "tools" / "dev"), "--help"]
    started = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)
    ]
    ended = [process.communicate(timeout=300) for process in started]
    assert [process.returncode for process in started] == [0, 0]
    assert sorted(err.count("setting up") for _, err in ended) == [0, 1]
    assert all("--port" in out for out, _ in ended)
