#!/usr/bin/env bash
# Starts a cluster of kind with a registry, the Gateway API and Traefik, for a machine with docker
# and kind. Usage: kind.sh up | env | down
#   up    starts what is missing
#   env   prints the environment of the cluster; use it as eval "$(hack/kind.sh env)"
#   down  deletes the cluster and the registry
set -euo pipefail
cd "$(dirname "$0")/.."

name=atoll
registry=atoll-registry
registry_port=5001
gateway_port=8080
# Atoll needs Kubernetes 1.34. An older kind starts older versions.
oldest=34
state="${ATOLL_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/atoll}/kind"
export KUBECONFIG="$state/kubeconfig"

check() {
  for program in docker kind kubectl; do
    command -v "$program" >/dev/null || { echo "kind.sh: $program is not in PATH" >&2; exit 1; }
  done
  [ -z "${ATOLL_NETWORK_POLICIES:-}" ] || { echo "kind.sh: ATOLL_NETWORK_POLICIES is set; kind cannot do that: use the local cluster, without KIND" >&2; exit 1; }
  docker info >/dev/null 2>&1 || { echo "kind.sh: docker does not answer; to see why, run: docker info" >&2; exit 1; }
}

start_registry() {
  [ "$(docker inspect -f '{{.State.Running}}' "$registry" 2>/dev/null || true)" = true ] && return
  docker rm -f "$registry" >/dev/null 2>&1 || true
  echo "starting the registry on port $registry_port"
  docker run -d --restart=always -p "127.0.0.1:$registry_port:5000" --name "$registry" registry:3 >/dev/null
}

create_cluster() {
  mkdir -p "$state"
  if kind get clusters 2>/dev/null | grep -qx "$name"; then
    kind export kubeconfig --name "$name" --kubeconfig "$KUBECONFIG" --quiet
    return
  fi
  echo "creating the cluster $name"
  # The gateway's Service gets the port 30080 of the node.
  kind create cluster --name "$name" --kubeconfig "$KUBECONFIG" --wait 3m --config - <<YAML
kind: Cluster
apiVersion: kind.x-k8s.io/v1alpha4
nodes:
- role: control-plane
  extraPortMappings:
  - {containerPort: 30080, hostPort: $gateway_port, listenAddress: 127.0.0.1}
containerdConfigPatches:
- |-
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "/etc/containerd/certs.d"
YAML
}

# check_version fails if the cluster's Kubernetes is too old.
check_version() {
  local version minor
  version="$(kubectl get --raw /version)"
  minor="$(grep -o '"minor": *"[0-9]*' <<<"$version" | grep -o '[0-9]*$')"
  [ "$minor" -ge "$oldest" ] ||
    { echo "kind.sh: the cluster has Kubernetes 1.$minor, and Atoll needs 1.$oldest; run hack/kind.sh down, update kind, and try again" >&2; exit 1; }
}

# connect_registry lets the nodes pull from the registry by the name that this machine uses.
connect_registry() {
  local nodes node networks folder="/etc/containerd/certs.d/localhost:$registry_port"
  nodes="$(kind get nodes --name "$name")"
  for node in $nodes; do
    docker exec "$node" mkdir -p "$folder"
    echo "[host.\"http://$registry:5000\"]" | docker exec -i "$node" cp /dev/stdin "$folder/hosts.toml"
  done
  networks="$(docker inspect -f '{{range $name, $_ := .NetworkSettings.Networks}}{{$name}} {{end}}' "$registry")"
  case " $networks " in
  *" kind "*) ;;
  *) docker network connect kind "$registry" ;;
  esac
}

install_gateway() {
  echo "installing the Gateway API and Traefik"
  local definitions manifests
  definitions="$(go -C hack/cluster run . gateway definitions)"
  manifests="$(go -C hack/cluster run . gateway traefik)"
  apply "$definitions"
  # Without an established definition, the API server does not know the kind GatewayClass.
  kubectl wait --for=condition=Established --timeout=1m crd --all >/dev/null
  apply "$manifests"
  kubectl -n traefik patch service traefik --type merge -p \
    '{"spec": {"type": "NodePort", "ports": [{"name": "web", "port": 80, "targetPort": "web", "nodePort": 30080}, {"name": "websecure", "port": 443, "targetPort": "websecure"}]}}' >/dev/null
  kubectl -n traefik rollout status deployment/traefik --timeout=3m >/dev/null ||
    { echo "kind.sh: Traefik did not start; to see why, run: KUBECONFIG=$KUBECONFIG kubectl -n traefik describe pods" >&2; exit 1; }
}

apply() { kubectl apply --server-side --force-conflicts -f - >/dev/null <<<"$1"; }

case "${1:-}" in
up)
  check
  start_registry
  create_cluster
  check_version
  connect_registry
  install_gateway
  echo "the cluster of kind is up"
  ;;
env)
  printf 'export KUBECONFIG=%q IMAGE_REGISTRY=%q GATEWAY_URL=%q\n' "$KUBECONFIG" "localhost:$registry_port" "http://127.0.0.1:$gateway_port"
  ;;
down)
  check
  kind delete cluster --name "$name" --kubeconfig "$KUBECONFIG"
  docker rm -f "$registry" >/dev/null 2>&1 || true
  ;;
*)
  echo "usage: kind.sh up | env | down" >&2
  exit 2
  ;;
esac
