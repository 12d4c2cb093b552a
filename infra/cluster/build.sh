#!/usr/bin/env bash
# Builds the cluster's programs from Go modules, and lays out the schemas that charts are validated with.
# Usage: build.sh [quick|all]; quick: what validating a chart needs (helm, kubeconform, schemas), about 3 minutes;
# all: what running it needs too, about 20 minutes. What is already in $CLUSTER_DIR/bin is skipped.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=lib.sh
source "$here/lib.sh"
mkdir -p "$bin"

sets="helm kubeconform definitions schemas"
[[ ${1:-all} == quick ]] || sets+=" kubernetes pause coredns keda"
kubernetes=1.34.4                          # what runs
validated=(1.34.4 1.35.4 1.36.3 1.37.2)    # what charts are validated against
helm=v3.22.0
kubeconform=v0.8.0
coredns=v1.15.0
keda=v2.21.0
prometheus_operator=v0.85.0
gateway_api=v1.3.0
cert_manager=v1.18.2
external_secrets=v0.16.2
strimzi=0.45.0                             # the last generator that runs on Java 17
python=${PYTHON:-$here/../../.venv/bin/python}
export CGO_ENABLED=0 GOFLAGS="-mod=mod -trimpath -buildvcs=false"
command -v go >/dev/null || { echo "missing program: go (Debian: apt-get install golang)" >&2; exit 1; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

missing() { # missing NAME...: the names not yet in $bin
  local name
  for name; do [[ -x $bin/$name ]] || printf '%s\n' "$name"; done
}

stamp() { printf '%s %s built in %ss\n' "$(date +%T)" "$1" "$SECONDS"; }

source_of() { # source_of MODULE@VERSION: the directory of its sources
  (cd "$work" && go mod download "$1" && go list -m -f '{{.Dir}}' "$1")
}

# from_module MODULE VERSION LDFLAGS NAME=PACKAGE...: builds commands of one
# module with that module's own replace directives, as upstream builds them. Leaves the sources in $work/src.
from_module() {
  local module=$1 version=$2 ldflags=$3 dir pair
  shift 3
  [[ -n $(missing "${@%%=*}") ]] || return 0
  dir=$(source_of "$module@$version")
  rm -rf "$work/src" && cp -r "$dir" "$work/src" && chmod -R u+w "$work/src"
  for pair; do
    [[ -z $(missing "${pair%%=*}") ]] && continue
    SECONDS=0
    (cd "$work/src" && go build -ldflags "-s -w $ldflags" -o "$bin/${pair%%=*}" "./${pair#*=}")
    stamp "${pair%%=*}"
  done
}

# A plain "go install" of helm would take the cluster for v1.20 in "helm template".
build_helm() {
  local helm_module=helm.sh/helm/${helm%%.*} minor=${kubernetes#*.} flags package
  flags="-X $helm_module/internal/version.version=$helm"
  for package in chartutil lint/rules; do
    flags+=" -X $helm_module/pkg/$package.k8sVersionMinor=${minor%%.*}"
  done
  from_module "$helm_module" "$helm" "$flags" helm=cmd/helm
}

build_kubeconform() {
  from_module github.com/yannh/kubeconform "$kubeconform" "" kubeconform=cmd/kubeconform
}

# k8s.io/kubernetes replaces its staging modules by directories that its module
# zip leaves out; the same modules are published as v0.MINOR.PATCH.
build_kubernetes() {
  local names staging=v0.${kubernetes#*.} dir flags=() package minor
  mapfile -t names < <(missing kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy kubectl)
  ((${#names[@]})) || return 0
  SECONDS=0
  dir=$(source_of "k8s.io/kubernetes@v$kubernetes")
  mkdir -p "$work/kubernetes" && cd "$work/kubernetes"
  sed -e 's#^module .*#module local/kubernetes#' \
    -e "s#=> \./staging/src/\(.*\)#=> \1 $staging#" "$dir/go.mod" >go.mod
  cat "$dir/go.sum" >go.sum
  go mod edit -require "k8s.io/kubernetes@v$kubernetes"
  minor=${kubernetes#*.}
  for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
    flags+=(-X "$package.gitVersion=v$kubernetes" -X "$package.gitMajor=1" -X "$package.gitMinor=${minor%%.*}")
  done
  go build -ldflags "-s -w ${flags[*]}" -o "$bin/" "${names[@]/#/k8s.io/kubernetes/cmd/}"
  cd "$work"
  stamp "${names[*]}"
}

build_pause() {
  [[ -n $(missing pause) ]] || return 0
  cat >"$work/pause.go" <<'GO'
package main

import (
	"os"
	"os/signal"
	"syscall"
)

func main() {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGINT, syscall.SIGTERM)
	<-stop
}
GO
  SECONDS=0
  go build -ldflags "-s -w" -o "$bin/pause" "$work/pause.go"
  stamp pause
}

build_coredns() {
  from_module github.com/coredns/coredns "$coredns" "" coredns=.
}

build_keda() {
  [[ ! -e $bin/keda.yaml ]] || return 0
  from_module github.com/kedacore/keda/v2 "$keda" "-X github.com/kedacore/keda/v2/version.Version=${keda#v}" \
    keda=cmd/operator keda-metrics-apiserver=cmd/adapter keda-admission-webhooks=cmd/webhooks
  # upstream's manifests, with the images that add.sh packs
  "$bin/kubectl" kustomize "$work/src/config/default" |
    sed -E -e 's#(image: ).*/([a-z-]+):[^:]*$#\1localhost/\2:1#' \
      -e 's/(imagePullPolicy: ).*/\1Never/' -e 's#- /keda-adapter#- /keda-metrics-apiserver#' \
      -e 's/(initialDelaySeconds: ).*/\11/' >"$bin/keda.yaml"
}

# Definitions of the resources that the chart renders for other operators. Strimzi publishes no YAML, but a generator
# and the annotated classes.
build_definitions() {
  local crds=$bin/definitions part
  [[ ! -e $crds/external-secrets.io_externalsecrets.yaml ]] || return 0 # the newest of them
  rm -rf "$crds" "$bin/schemas"
  mkdir "$work/definitions"
  part=$(source_of "github.com/kedacore/keda/v2@$keda")/config/crd/bases
  cp "$part"/keda.sh_{scaledobjects,triggerauthentications}.yaml "$work/definitions"
  part=$(source_of "github.com/prometheus-operator/prometheus-operator@$prometheus_operator")/example
  cp "$part"/prometheus-operator-crd/monitoring.coreos.com_{podmonitors,prometheusrules}.yaml "$work/definitions"
  part=$(source_of "sigs.k8s.io/gateway-api@$gateway_api")/config/crd/standard
  cp "$part/gateway.networking.k8s.io_httproutes.yaml" "$work/definitions"
  part=$(source_of "github.com/cert-manager/cert-manager@$cert_manager")/deploy/crds
  cp "$part/crd-certificates.yaml" "$work/definitions"
  part=$(source_of "github.com/external-secrets/external-secrets@$external_secrets")/config/crds/bases
  cp "$part/external-secrets.io_externalsecrets.yaml" "$work/definitions"
  strimzi_definitions "$work/definitions"
  mv "$work/definitions" "$crds"
}

strimzi_definitions() { # strimzi_definitions DIRECTORY
  if ! command -v mvn >/dev/null; then
    echo "no mvn: KafkaTopic and KafkaUser are not validated" >&2
    return
  fi
  cat >"$work/pom.xml" <<XML
<project><modelVersion>4.0.0</modelVersion>
<groupId>local</groupId><artifactId>crds</artifactId><version>1</version><packaging>pom</packaging>
<dependencies><dependency>
<groupId>io.strimzi</groupId><artifactId>crd-generator</artifactId><version>$strimzi</version>
</dependency><dependency>
<groupId>io.strimzi</groupId><artifactId>api</artifactId><version>$strimzi</version>
</dependency></dependencies></project>
XML
  (cd "$work" && mvn -q -B dependency:copy-dependencies -DoutputDirectory="$work/jars")
  java -cp "$work/jars/*" io.strimzi.crdgenerator.CrdGenerator --yaml --target-kube 1.25+ \
    --crd-api-version v1 --api-versions v1beta2,v1beta1,v1alpha1 --storage-version v1beta2 \
    "io.strimzi.api.kafka.model.topic.KafkaTopic=$1/kafkatopics.yaml" \
    "io.strimzi.api.kafka.model.user.KafkaUser=$1/kafkausers.yaml"
}

# For kubeconform: of each Kubernetes, and of those definitions.
build_schemas() {
  local version
  for version in "${validated[@]}"; do
    [[ ! -d $bin/schemas/$version ]] || continue
    "$python" "$here/schemas.py" "$work/schemas" \
      "$(source_of "k8s.io/kubernetes@v$version")/api/openapi-spec/swagger.json" "$bin"/definitions/*.yaml
    mkdir -p "$bin/schemas" && mv "$work/schemas" "$bin/schemas/$version"
  done
}

for set in $sets; do "build_$set"; done
