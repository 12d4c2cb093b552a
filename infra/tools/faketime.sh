#!/usr/bin/env bash
# Runs a command with libfaketime at hand, by which a test lets the clock of one process jump: faketime.sh COMMAND
# Debian's is installed where there is none (as root).
set -euo pipefail
have() { compgen -G '/usr/lib/*/faketime/libfaketime.so.1' >/dev/null || [[ -e /usr/lib/faketime/libfaketime.so.1 ]]; }

if ! have; then
  if [[ $(id -u) != 0 ]] || ! command -v apt-get >/dev/null; then
    echo "libfaketime is missing and cannot be installed here: install it, or install as root" >&2
    exit 1
  fi
  apt-get update -q >/dev/null
  DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends libfaketime >/dev/null
fi
exec "$@"
