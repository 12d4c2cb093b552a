#!/usr/bin/env bash
# Installs what the cluster needs of Debian's packages, where something is missing.
set -euo pipefail
missing=()
while read -r package path; do
  [[ -e $path ]] || missing+=("$package")
done <<'LIST'
containerd /usr/bin/containerd
runc /usr/sbin/runc
iptables /usr/sbin/iptables
iproute2 /usr/sbin/ip
procps /usr/sbin/sysctl
openssl /usr/bin/openssl
containernetworking-plugins /usr/lib/cni/bridge
etcd-server /usr/bin/etcd
maven /usr/bin/mvn
openjdk-17-jdk-headless /usr/bin/jlink
LIST
((${#missing[@]})) || exit 0
if [[ $(id -u) != 0 ]] || ! command -v apt-get >/dev/null; then
  echo "the cluster needs ${missing[*]}: install them (apt-get install, as root)" >&2
  exit 1
fi
apt-get update -q >/dev/null
# RUNLEVEL: services that a package brings are not started.
RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "${missing[@]}" >/dev/null
