#!/usr/bin/env bash
# A Docker engine for tests. One that runs already is used and left alone.
#
#   engine.sh start          run one where none answers; installs Debian's where there is none (root)
#   engine.sh stop           end the one that `start` ran, and what runs in it
#   engine.sh with COMMAND   start, build the images, run the command, stop what was started
#
# Images and containers lie under $FAIRWATCH_CACHE/engine (default ~/.cache/fairwatch/engine).
set -euo pipefail
ENGINE=${FAIRWATCH_CACHE:-$HOME/.cache/fairwatch}/engine
PIDFILE=$ENGINE/docker.pid
READY_S=60

answers() { docker info >/dev/null 2>&1; }

ours() { # its process, when it lives
  [[ -s $PIDFILE && $(cat "/proc/$(<"$PIDFILE")/comm" 2>/dev/null) == dockerd ]] && cat "$PIDFILE"
}

install() {
  local missing=()
  command -v dockerd >/dev/null && command -v docker >/dev/null || missing+=(docker.io)
  command -v iptables >/dev/null || missing+=(iptables)
  ((${#missing[@]})) || return 0
  if [[ $(id -u) != 0 ]] || ! command -v apt-get >/dev/null; then
    echo "no Docker engine answers, and ${missing[*]} cannot be installed here: start an engine, or install as root" >&2
    exit 1
  fi
  apt-get update -q >/dev/null
  # RUNLEVEL: services that a package brings are not started.
  RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "${missing[@]}" >/dev/null
}

start() {
  install
  mkdir -p "$ENGINE"
  # Ports on loopback only; a file of a process that is gone would keep it from starting.
  ours >/dev/null || { rm -f "$PIDFILE"; setsid dockerd --ip 127.0.0.1 --data-root "$ENGINE/data" --pidfile "$PIDFILE" \
    --shutdown-timeout 5 --log-level warn >"$ENGINE/log" 2>&1 </dev/null & }
  for ((i = 0; i < READY_S * 5; i++)); do
    answers && return
    sleep 0.2
  done
  echo "the Docker engine is not ready after $READY_S s; the end of $ENGINE/log:" >&2
  tail -n 5 "$ENGINE/log" >&2
  exit 1
}

stop() {
  local pid
  pid=$(ours) || return 0
  kill "$pid"
  while ours >/dev/null; do sleep 0.2; done
}

case ${1:-} in
  start) answers || start ;;
  stop) stop ;;
  with)
    shift
    answers || { ours >/dev/null || trap stop EXIT; start; } # one that is merely slow to answer is not ours to stop
    "$(dirname "$0")/images.sh"
    "$@"
    ;;
  *) sed -n '2,8s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
