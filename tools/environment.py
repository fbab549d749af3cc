"""The project's own virtual environment, `.venv`: made, renewed and locked with nothing but Python >= 3.11.

`tools/dev` and `tools/test` ask a stamp file whether `.venv` is as they need it, and come here only when it is not.

1. A stamp holds the place of the project, `pyproject.toml` and `requirements.lock` as they were installed; it is
   written last, so a set-up that was cut short is done again.
2. One set-up at a time: a file lock is held throughout, and who waited for it looks at the stamp again.
3. Nothing is written to stdout, which belongs to the command that follows; stderr gets one line.
"""

import fcntl
import re
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
LOCK = ROOT / "requirements.lock"
PROJECT = ROOT / "pyproject.toml"
PURPOSES = ("dev", "test")

LOCK_HEADER = """\
# Every package of the development environment, at the version the checks ran with.
# tools/dev takes it as constraints, tools/test installs all of it. Renewed by:  python3 tools/environment.py lock
"""
# Tools around the environment, not in it.
UNLOCKED = {"pip", "py-spy", "setuptools", "wheel", "trinamo"}


def main() -> int:
    match sys.argv[1:]:
        case ["lock"]:
            return write_lock()
        case [("dev" | "test") as purpose]:
            return prepare(purpose)
        case _:
            return complain("usage: tools/environment.py dev|test|lock")


def prepare(purpose: str) -> int:
    """Bring `.venv` to what `purpose` needs."""
    with open(ROOT / ".venv.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if is_ready(purpose):
            return 0
        print(
            f"setting up .venv for tools/{purpose} (once; about half a minute)", file=sys.stderr, flush=True
        )
        return make_environment() or install(purpose) or write_stamps(purpose)


def is_ready(purpose: str) -> bool:
    stamp = stamp_path(purpose)
    return PYTHON.exists() and stamp.exists() and stamp.read_text() == stamp_text()


def stamp_path(purpose: str) -> Path:
    return VENV / f".stamp-{purpose}"


def stamp_text() -> str:
    """What `tools/environment.sh` compares; trailing newlines are cut as a shell's `$(<file)` cuts them."""
    return "\n".join([str(ROOT), PROJECT.read_text().rstrip("\n"), LOCK.read_text().rstrip("\n")]) + "\n"


def make_environment() -> int:
    if PYTHON.exists():
        return 0
    if VENV.exists():
        shutil.rmtree(VENV)
    try:
        venv.create(VENV, with_pip=True, prompt="trinamo")
    except subprocess.CalledProcessError:
        shutil.rmtree(VENV, ignore_errors=True)
        return complain(
            "this Python cannot make virtual environments (on Debian: apt-get install python3-venv)"
        )
    return 0


def install(purpose: str) -> int:
    what = ["--constraint" if purpose == "dev" else "--requirement", str(LOCK), "--editable", str(ROOT)]
    # Twice quiet: errors alone. A neglected entry of the machine's pip configuration is not our user's concern.
    return pip("install", "--quiet", "--quiet", *what)


def pip(*arguments: str) -> int:
    quiet = ["--disable-pip-version-check", "--no-input", "--no-python-version-warning"]
    run = subprocess.run([str(PYTHON), "-m", "pip", *quiet, *arguments], stdout=sys.stderr, check=False)
    return run.returncode and complain(f"pip {arguments[0]} failed")


def write_stamps(purpose: str) -> int:
    """What serves the tests serves the server too, so `test` stamps both."""
    for stamped in PURPOSES[: PURPOSES.index(purpose) + 1]:
        partial = VENV / f".stamp-{stamped}.new"
        partial.write_text(stamp_text())
        partial.rename(stamp_path(stamped))
    return 0


def write_lock() -> int:
    """Write the versions that `.venv` holds now: names and versions, nothing of where they came from."""
    freeze = [
        str(PYTHON),
        "-m",
        "pip",
        "--disable-pip-version-check",
        "list",
        "--format=freeze",
        "--exclude-editable",
    ]
    frozen = subprocess.run(freeze, capture_output=True, text=True, check=True).stdout.splitlines()
    kept = [line for line in frozen if re.split("==", line)[0].lower() not in UNLOCKED]
    LOCK.write_text(LOCK_HEADER + "\n".join(sorted(kept, key=str.lower)) + "\n")
    return 0


def complain(what: str) -> int:
    print(f"trinamo: {what}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
