# Sourced by tools/dev and tools/test: `prepare dev|test` leaves a `.venv` as that command needs it.
# The usual case, nothing to do, reads three files and starts no program; the rest is tools/environment.py.

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)

prepare() {
    local stamp="$root/.venv/.stamp-$1"
    if [[ -x "$root/.venv/bin/python" && -f "$stamp" ]]; then
        local wanted="$root"$'\n'"$(<"$root/pyproject.toml")"$'\n'"$(<"$root/requirements.lock")"
        [[ "$(<"$stamp")" == "$wanted" ]] && return
    fi
    "$(find_python)" "$root/tools/environment.py" "$1"
}

find_python() {
    local candidate
    for candidate in "${PYTHON:-python3}" python3.13 python3.12 python3.11 python; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    echo "trinamo: Python 3.11 or newer is needed" >&2
    echo false
}
