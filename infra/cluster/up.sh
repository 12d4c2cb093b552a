#!/usr/bin/env bash
# Starts a one-node Kubernetes in its own network namespace; needs root.
# Prints the path of the kubeconfig. Run again, it starts only what is missing.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=lib.sh
source "$here/lib.sh"

pki=$CLUSTER_DIR/pki
needed=(openssl ip etcd kube-apiserver kube-controller-manager kube-scheduler kubectl
  containerd ctr runc iptables sysctl kubelet kube-proxy coredns pause)
for program in "${needed[@]}"; do
  command -v "$program" >/dev/null || { echo "missing program: $program" >&2; exit 1; }
done
mkdir -p "$pki" "$CLUSTER_DIR"/{logs,pids,cni,etc,kubelet,pod-logs,volume-plugins}

start() { # start NAME COMMAND...: a daemon in the node's network namespace
  local name=$1
  shift
  alive "$name" && return
  nsenter --net="/run/netns/$id" setsid "$@" >"$CLUSTER_DIR/logs/$name.log" 2>&1 </dev/null &
  echo $! >"$CLUSTER_DIR/pids/$name"
  disown
}

# --- certificates: one authority signs everything -------------------------
cert() { # cert NAME SUBJECT [SUBJECT_ALT_NAME]
  [[ -e $pki/$1.crt ]] && return
  openssl req -x509 -config <(printf '[req]\ndistinguished_name=dn\n[dn]\n') \
    -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 365 -subj "$2" \
    -CA "$pki/ca.crt" -CAkey "$pki/ca.key" -keyout "$pki/$1.key" -out "$pki/$1.crt" \
    -addext basicConstraints=critical,CA:FALSE \
    -addext extendedKeyUsage=clientAuth,serverAuth \
    ${3:+-addext "subjectAltName=$3"} 2>>"$CLUSTER_DIR/logs/openssl.log"
}

kubeconfig() { # kubeconfig FILE CERTIFICATE_NAME
  [[ -e $1 ]] && return
  local data=() file
  for file in ca.crt "$2.crt" "$2.key"; do data+=("$(base64 -w0 "$pki/$file")"); done
  cat >"$1" <<YAML
apiVersion: v1
kind: Config
current-context: cluster
clusters:
- {name: cluster, cluster: {server: "https://$node_ip:6443", certificate-authority-data: ${data[0]}}}
users:
- {name: user, user: {client-certificate-data: ${data[1]}, client-key-data: ${data[2]}}}
contexts:
- {name: cluster, context: {cluster: cluster, user: user}}
YAML
  chmod 600 "$1"
}

[[ -e $pki/ca.crt ]] || openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 \
  -nodes -days 365 -subj /CN=cluster-ca -keyout "$pki/ca.key" -out "$pki/ca.crt" \
  2>>"$CLUSTER_DIR/logs/openssl.log"
[[ -e $pki/sa.key ]] || openssl genrsa -out "$pki/sa.key" 2048 2>>"$CLUSTER_DIR/logs/openssl.log"
cert apiserver /CN=kube-apiserver "IP:$node_ip,IP:127.0.0.1,IP:${service_cidr%.0/*}.1,DNS:localhost,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:kubernetes.default.svc.cluster.local"
cert apiserver-client /O=system:masters/CN=kube-apiserver
cert front-proxy /CN=front-proxy
cert admin /O=system:masters/CN=admin
cert controller-manager /CN=system:kube-controller-manager
cert scheduler /CN=system:kube-scheduler
cert proxy /CN=system:kube-proxy
cert node /O=system:nodes/CN=system:node:node "IP:$node_ip,DNS:node"
kubeconfig "$KUBECONFIG" admin
for name in controller-manager scheduler proxy node; do
  kubeconfig "$CLUSTER_DIR/etc/$name.kubeconfig" "$name"
done

# --- network: a namespace for the node, linked to the host ----------------
if [[ ! -e /run/netns/$id ]]; then
  ip netns add "$id"
  ip link add "$id" type veth peer name uplink netns "$id"
  ip addr add "$host_ip/24" dev "$id"
  ip link set "$id" up
  ip -n "$id" addr add "$node_ip/24" dev uplink
  ip -n "$id" link set lo up
  ip -n "$id" link set uplink up
  ip -n "$id" route add default via "$host_ip"
  ip route replace "$pod_cidr" via "$node_ip" src "$host_ip"
  ip route replace "$service_cidr" via "$node_ip" src "$host_ip"
  in_node sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.route_localnet=1 \
    net.bridge.bridge-nf-call-iptables=1
fi

# --- control plane --------------------------------------------------------
start etcd etcd --data-dir "$CLUSTER_DIR/etcd" --log-level warn \
  --listen-client-urls http://127.0.0.1:2379 --advertise-client-urls http://127.0.0.1:2379 \
  --listen-peer-urls http://127.0.0.1:2380
start kube-apiserver kube-apiserver --advertise-address "$node_ip" --bind-address 0.0.0.0 \
  --etcd-servers http://127.0.0.1:2379 --service-cluster-ip-range "$service_cidr" \
  --authorization-mode Node,RBAC --enable-admission-plugins NodeRestriction \
  --allow-privileged --cert-dir "$pki" --client-ca-file "$pki/ca.crt" \
  --tls-cert-file "$pki/apiserver.crt" --tls-private-key-file "$pki/apiserver.key" \
  --kubelet-certificate-authority "$pki/ca.crt" \
  --kubelet-client-certificate "$pki/apiserver-client.crt" \
  --kubelet-client-key "$pki/apiserver-client.key" \
  --kubelet-preferred-address-types InternalIP \
  --service-account-issuer https://kubernetes.default.svc \
  --service-account-key-file "$pki/sa.key" --service-account-signing-key-file "$pki/sa.key" \
  --requestheader-client-ca-file "$pki/ca.crt" --requestheader-allowed-names front-proxy \
  --requestheader-username-headers X-Remote-User --requestheader-group-headers X-Remote-Group \
  --requestheader-extra-headers-prefix X-Remote-Extra- \
  --proxy-client-cert-file "$pki/front-proxy.crt" --proxy-client-key-file "$pki/front-proxy.key"
wait_for 120 "the API server" kubectl get --raw /readyz
start kube-controller-manager kube-controller-manager \
  --kubeconfig "$CLUSTER_DIR/etc/controller-manager.kubeconfig" \
  --root-ca-file "$pki/ca.crt" --service-account-private-key-file "$pki/sa.key" \
  --cluster-signing-cert-file "$pki/ca.crt" --cluster-signing-key-file "$pki/ca.key" \
  --use-service-account-credentials --leader-elect=false --horizontal-pod-autoscaler-sync-period 2s --cert-dir "$pki" \
  --flex-volume-plugin-dir "$CLUSTER_DIR/volume-plugins"
start kube-scheduler kube-scheduler --leader-elect=false --cert-dir "$pki" \
  --kubeconfig "$CLUSTER_DIR/etc/scheduler.kubeconfig"

# --- node -----------------------------------------------------------------
cat >"$CLUSTER_DIR/etc/containerd.toml" <<TOML
version = 2
root = "$CLUSTER_DIR/containerd/root"
state = "$CLUSTER_DIR/containerd/state"
disabled_plugins = ["io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.aufs"]
[grpc]
  address = "$containerd_socket"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "localhost/pause:1"
  restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".cni]
  bin_dir = "${CNI_BIN:-/usr/lib/cni}"
  conf_dir = "$CLUSTER_DIR/cni"
TOML
cat >"$CLUSTER_DIR/cni/10-bridge.conflist" <<JSON
{"cniVersion": "0.4.0", "name": "pods", "plugins": [
  {"type": "bridge", "bridge": "cni0", "isGateway": true, "hairpinMode": true,
   "ipam": {"type": "host-local", "dataDir": "$CLUSTER_DIR/cni-state",
            "ranges": [[{"subnet": "$pod_cidr"}]], "routes": [{"dst": "0.0.0.0/0"}]}},
  {"type": "portmap", "capabilities": {"portMappings": true}}]}
JSON
cat >"$CLUSTER_DIR/etc/kubelet.yaml" <<YAML
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: $pki/ca.crt}}
authorization: {mode: Webhook}
tlsCertFile: $pki/node.crt
tlsPrivateKeyFile: $pki/node.key
address: $node_ip
cgroupDriver: cgroupfs
failSwapOn: false
clusterDomain: cluster.local
clusterDNS: [$node_ip]
resolvConf: $CLUSTER_DIR/etc/resolv.conf
containerRuntimeEndpoint: unix://$containerd_socket
podLogsDir: $CLUSTER_DIR/pod-logs
volumePluginDir: $CLUSTER_DIR/volume-plugins
syncFrequency: 10s
imageGCHighThresholdPercent: 100
evictionHard: {memory.available: 100Mi, nodefs.available: 1%, imagefs.available: 1%}
YAML
echo "nameserver $node_ip" >"$CLUSTER_DIR/etc/resolv.conf"
cat >"$CLUSTER_DIR/etc/Corefile" <<CONF
cluster.local:53 in-addr.arpa:53 {
  bind $node_ip
  kubernetes {
    kubeconfig $KUBECONFIG
  }
  cache 2
}
.:53 {
  bind $node_ip
  template ANY ANY {
    rcode NXDOMAIN
  }
}
CONF
start containerd containerd --config "$CLUSTER_DIR/etc/containerd.toml"
wait_for 60 containerd ctr --address "$containerd_socket" -n k8s.io images list
if [[ -z $(ctr --address "$containerd_socket" -n k8s.io images list -q name==localhost/pause:1) ]]; then
  "$here/pack-image.sh" localhost/pause:1 "$bin/pause" | "$here/load-image.sh" -
fi
start kube-proxy kube-proxy --kubeconfig "$CLUSTER_DIR/etc/proxy.kubeconfig" \
  --hostname-override node --cluster-cidr "$pod_cidr" --proxy-mode iptables \
  --conntrack-max-per-core 0 --conntrack-tcp-timeout-established 0 --conntrack-tcp-timeout-close-wait 0
start coredns coredns -conf "$CLUSTER_DIR/etc/Corefile"
node_answers() { # containerd lists images before it runs any; a kubelet that comes so early ends, and is started again
  start kubelet kubelet --config "$CLUSTER_DIR/etc/kubelet.yaml" --root-dir "$CLUSTER_DIR/kubelet" \
    --kubeconfig "$CLUSTER_DIR/etc/node.kubeconfig" --hostname-override node --node-ip "$node_ip"
  kubectl get --raw /api/v1/nodes/node/proxy/healthz
}
wait_for 120 "the kubelet" node_answers
wait_for 120 "the node" kubectl wait --for=condition=Ready node/node --timeout=1s
wait_for 60 "the default service account" kubectl -n default get serviceaccount default
echo "$KUBECONFIG"
