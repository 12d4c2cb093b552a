# shellcheck shell=bash disable=SC2034
# Shared by up.sh, down.sh and load-image.sh. Settings, all by environment:
#   CLUSTER_DIR      state directory (keep it short: it holds sockets)
#   CLUSTER_BIN      where build.sh put the programs (default $CLUSTER_DIR/bin)
#   CLUSTER_NET      first three octets of the link host <-> node
CLUSTER_DIR=${CLUSTER_DIR:-${FAIRWATCH_CACHE:-$HOME/.cache/fairwatch}/cluster}
mkdir -p "$CLUSTER_DIR"
CLUSTER_DIR=$(cd "$CLUSTER_DIR" && pwd)
bin=${CLUSTER_BIN:-$CLUSTER_DIR/bin}
net=${CLUSTER_NET:-10.213.77}
host_ip=$net.1 node_ip=$net.2
pod_cidr=10.244.0.0/16 service_cidr=10.96.0.0/16
# one network namespace and one link for each state directory
id=k$(printf %s "$CLUSTER_DIR" | cksum | cut -d' ' -f1)
containerd_socket=$CLUSTER_DIR/containerd.sock
export KUBECONFIG=$CLUSTER_DIR/kubeconfig
export PATH=$bin:$PATH:/usr/sbin:/sbin

in_node() { nsenter --net="/run/netns/$id" "$@"; }

alive() { # alive NAME: is the recorded process still the one that was started?
  local pid name=$1
  pid=$(cat "$CLUSTER_DIR/pids/$name" 2>/dev/null) && [[ -e /proc/$pid ]] &&
    grep -qzF "$CLUSTER_DIR" "/proc/$pid/cmdline"
}

wait_for() { # wait_for SECONDS WHAT COMMAND...
  local until=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    if ((SECONDS >= until)); then
      echo "timed out waiting for $what; see $CLUSTER_DIR/logs" >&2
      return 1
    fi
    sleep 0.2
  done
}
