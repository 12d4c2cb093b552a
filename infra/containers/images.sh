#!/usr/bin/env bash
# The images of Apache Kafka and Redis that tests run: the official ones where a registry answers, else built here once
# from Debian's packages and Maven's. Either way they are tagged with names of our own.
set -euo pipefail
cd "$(dirname "$0")"
KAFKA=4.4.0 REDIS=7.0
CACHE=${FAIRWATCH_CACHE:-$HOME/.cache/fairwatch}
ASK_S=20
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT

have() { docker image inspect "$1" >/dev/null 2>&1; }

pulled() { # image, our name
  timeout "$ASK_S" docker manifest inspect "$1" >/dev/null 2>&1 && docker pull -q "$1" >/dev/null && docker tag "$1" "$2"
}

built() { # name, version
  echo "building fairwatch-$1:$2" >&2
  [[ -e $CACHE/neighbours/$1.tar ]] || python3 ../docker/neighbours.py >/dev/null
  docker load -q -i "$CACHE/neighbours/$1.tar" >/dev/null
  cp -r "$1" "$WORK" && cd "$WORK/$1"
  apt-get download -q -o APT::Sandbox::User=root busybox-static >/dev/null
  dpkg-deb -x busybox-static_*.deb busybox
  # The classic builder, which every engine has; it complains of that.
  DOCKER_BUILDKIT=0 docker build -t "fairwatch-$1:$2" . >log 2>&1 || { tail -n 20 log >&2; exit 1; }
}

for image in "kafka $KAFKA apache/kafka:$KAFKA" "redis $REDIS redis:$REDIS"; do
  read -r name version official <<<"$image"
  have "fairwatch-$name:$version" || pulled "$official" "fairwatch-$name:$version" || (built "$name" "$version")
done
docker images --format '{{.Repository}}:{{.Tag}} {{.Size}}' | grep '^fairwatch-'
