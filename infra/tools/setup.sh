#!/usr/bin/env bash
# Makes .venv from requirements.lock: with uv where it is there, with plain pip otherwise.
set -euo pipefail
cd "$(dirname "$0")/../.."
say() { printf 'fairwatch setup: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }

PYTHON=${PYTHON:-python3}
command -v "$PYTHON" >/dev/null || fail "$PYTHON not found: install Python 3.11 or newer, or name one with PYTHON=/path/to/python make setup"
"$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
  || fail "$("$PYTHON" --version) is too old: Fairwatch needs Python 3.11 or newer (name one with PYTHON=…)"

free_mib=$(df -Pm . | awk 'NR==2 {print $4}')
[ "$free_mib" -ge 2500 ] || fail "only ${free_mib} MiB free here: set-up needs 2500 MiB"

if command -v uv >/dev/null; then
  say "making .venv with uv from requirements.lock"
  uv venv --quiet --clear --seed --python "$PYTHON" .venv
  uv pip install --quiet --compile-bytecode --python .venv/bin/python --require-hashes -r requirements.lock
  uv pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation -e .
else
  say "making .venv with pip from requirements.lock (a few minutes)"
  "$PYTHON" -m venv --clear .venv || fail "python's venv module is missing: on Debian or Ubuntu, apt-get install python3-venv"
  .venv/bin/python -m pip install --disable-pip-version-check --progress-bar off -q --require-hashes -r requirements.lock
  .venv/bin/python -m pip install --disable-pip-version-check -q --no-deps --no-build-isolation -e .
fi
# Ahead of time: where PYTHONDONTWRITEBYTECODE is set, each process would compile everything anew (2 s of CPU).
.venv/bin/python -m compileall -q services
sha256sum requirements.lock pyproject.toml > .venv/.installed
say "ready: .venv/bin/fairwatch"
