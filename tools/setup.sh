#!/bin/sh
# Make the virtual environment and install the pinned dependencies. No root needed.
set -eu
fail() { printf '\nhayate set-up: %s\nRemedy: %s\n' "$1" "$2" >&2; exit 2; }

PYTHON=${PYTHON:-python3} VENV=${VENV:-.venv} PIP_ARGS=${PIP_ARGS:-}
command -v "$PYTHON" >/dev/null 2>&1 || fail "no $PYTHON found" "apt install python3 python3-venv, or make PYTHON=/path/to/python3.11"
"$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "$("$PYTHON" --version) is too old" "install Python 3.11 or newer and call make PYTHON=/path/to/it"
"$PYTHON" -c 'import venv, ensurepip' 2>/dev/null ||
    fail "Python's venv module is missing" "apt install python3-venv"
command -v gcc >/dev/null 2>&1 || command -v clang >/dev/null 2>&1 ||
    fail "no C compiler found" "apt install gcc libc6-dev"
printf '#include <stdio.h>\nint main(void){return 0;}\n' | "$(command -v gcc || command -v clang)" -x c - -o /dev/null 2>/dev/null ||
    fail "the C compiler can't compile: its headers are missing" "apt install libc6-dev"

[ -x "$VENV/bin/python" ] || { echo "hayate set-up: a virtual environment in $VENV"; "$PYTHON" -m venv "$VENV"; }
echo 'hayate set-up: installing pinned dependencies (torch is the large one; some minutes the first time)'
# shellcheck disable=SC2086  # PIP_ARGS holds several words
"$VENV/bin/python" -m pip install --disable-pip-version-check --quiet --progress-bar off $PIP_ARGS \
    -c constraints.txt -e '.[train,bench,dev]' ||
    fail "pip could not install the dependencies" "read its message above; behind a proxy or mirror set PIP_INDEX_URL or make PIP_ARGS=..."
touch "$VENV/.ready"
