#!/usr/bin/env bash
# Gives an image of the cluster a second name: tag-image.sh NAME:TAG OTHER_NAME:TAG.
set -euo pipefail
# shellcheck source=lib.sh
source "$(dirname "$0")/lib.sh"
ctr --address "$containerd_socket" -n k8s.io images tag --force "docker.io/library/$1" "docker.io/library/$2" >/dev/null
