#!/usr/bin/env bash
# Adds what build.sh prepared to the running cluster: add.sh NAME..., each one a
# $CLUSTER_BIN/NAME.yaml (keda). Images that a manifest calls localhost/PROGRAM:1 are packed from
# the program of that name.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=lib.sh
source "$here/lib.sh"
for name; do
  mapfile -t programs < <(sed -n 's#^ *image: localhost/\(.*\):1$#\1#p' "$bin/$name.yaml")
  for program in "${programs[@]}"; do
    "$here/pack-image.sh" "localhost/$program:1" "$bin/$program" | "$here/load-image.sh" -
  done
  kubectl apply --server-side -f "$bin/$name.yaml" >/dev/null
  ((${#programs[@]} == 0)) || kubectl wait -A --for=condition=Available deployment --all --timeout=180s
done
kubectl wait --for=condition=Available apiservice --all --timeout=60s >/dev/null
kubectl wait --for=condition=Established crd --all --timeout=60s >/dev/null
