#!/usr/bin/env bash
# Runs a command in the node's network namespace: in-node.sh COMMAND...
set -euo pipefail
# shellcheck source=lib.sh
source "$(dirname "$0")/lib.sh"
in_node "$@"
