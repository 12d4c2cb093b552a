#!/usr/bin/env bash
# Stops the cluster of CLUSTER_DIR by its recorded processes, and removes its
# pods, its network and its state; the next up.sh starts an empty cluster.
# Images, certificates and logs are kept, unless PURGE=1.
set -euo pipefail
# shellcheck source=lib.sh
source "$(dirname "$0")/lib.sh"

stop() { # stop SIGNAL NAME...: by recorded pid, and only what still is our process
  local name pid pids=() signal=$1
  shift
  for name; do
    alive "$name" || continue
    pids+=("$(<"$CLUSTER_DIR/pids/$name")")
    kill -s "$signal" "${pids[-1]}" 2>/dev/null || true
  done
  for pid in "${pids[@]}"; do
    wait_for 10 "process $pid to stop" test ! -e "/proc/$pid" || kill -9 "$pid"
  done
}

stop TERM kubelet # first: it would restart the containers
if alive containerd; then
  c=(ctr --address "$containerd_socket" -n k8s.io)
  mapfile -t containers < <("${c[@]}" containers list -q)
  for container in "${containers[@]}"; do
    netns=$("${c[@]}" containers info "$container" | grep -om1 'netns/cni-[0-9a-f-]*' || true)
    "${c[@]}" tasks delete -f "$container" >/dev/null 2>&1 || true
    "${c[@]}" containers delete "$container" || true
    rm -f /var/lib/cni/results/*"$container"*
    [[ ! -e /run/${netns:-none} ]] || ip netns del "${netns#netns/}"
  done
fi
stop TERM containerd
stop KILL kube-proxy coredns kube-scheduler kube-controller-manager kube-apiserver etcd
# volumes and container roots still mounted below the state directory
awk -v dir="$CLUSTER_DIR/" 'index($5, dir) == 1 {print $5}' /proc/self/mountinfo |
  sort -r | xargs -r -n1 umount -l
ip link del "$id" 2>/dev/null || true
[[ ! -e /run/netns/$id ]] || ip netns del "$id"
find /sys/fs/cgroup/kubepods /sys/fs/cgroup/*/kubepods -depth -type d -exec rmdir {} + 2>/dev/null || true
[[ ! -d /var/log/containers ]] || find /var/log/containers -lname "$CLUSTER_DIR/*" -delete
cd "$CLUSTER_DIR"
rm -rf etcd kubelet pod-logs cni-state pids containerd/state containerd.sock*
[[ ${PURGE:-0} != 1 ]] || rm -rf containerd pki etc cni logs volume-plugins kubeconfig
