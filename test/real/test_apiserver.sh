#!/bin/bash
# Proves that the API server of apiserver.sh is one that tests can build on: TLS, roles,
# MetalLB's schema, apply, watch, and each fault. Exits 77 where it cannot run.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
if [[ -z ${APISERVER_DIR:-} ]]; then
	exec "$here/apiserver.sh" run "$here/test_apiserver.sh"
fi
# shellcheck source-path=SCRIPTDIR source=report.sh
. "$here/report.sh"

dir=$APISERVER_DIR
pools=/apis/metallb.io/v1beta1/namespaces/metallb-system/ipaddresspools
server=https://127.0.0.1:$(cat "$dir/port")

api() { timeout 5 "$here/apiserver.sh" api "$dir" "$@" 2>&1; }
reply() { api "$@" || true; } # also where it is an error
apiserver() { "$here/apiserver.sh" "$1" "$dir" "${@:2}"; }
code() { # TOKEN PATH: the HTTP status that a bearer gets
	curl -sS -m 5 --cacert "$dir/pki/ca.crt" -H "Authorization: Bearer $1" -o /dev/null \
		-w '%{http_code}' "$server$2"
}
apply_pool() { # ADDRESSES
	api PATCH "$pools/default-pool?fieldManager=test" \
		-H 'Content-Type: application/apply-patch+yaml' --data-binary @- <<-END
			{"apiVersion": "metallb.io/v1beta1", "kind": "IPAddressPool",
			 "metadata": {"name": "default-pool"}, "spec": {"addresses": ["$1"]}}
		END
}
watch_from() { # VERSION
	api GET "$pools?watch=1&resourceVersion=$1&timeoutSeconds=1"
}
pool_version() { api GET "$pools/default-pool" | sed -n 's/.*"resourceVersion": *"\([0-9]*\)".*/\1/p'; }

check "server is ready and is 1.20" "api GET /version | grep v1.20"
check "loopback only" "! ip route | grep default"
check "a stranger's token gets 401" "[[ \$(code wrong /api) == 401 ]]"
check "user homek8sd has no rights yet: 403" \
	"[[ \$(code $(cat "$dir/pki/token") /api/v1/nodes) == 403 ]]"
check "kubeconfigs name the server" "grep -q $server $dir/kubeconfig $dir/kubeconfig-token"
check "apply makes a pool, defaults filled in" \
	"apply_pool 192.168.122.100-192.168.122.150 | grep -E '\"autoAssign\": *true'"
check "a pool without addresses is refused" \
	"reply POST $pools -H 'Content-Type: application/json' -d '{\"apiVersion\":
	\"metallb.io/v1beta1\", \"kind\": \"IPAddressPool\", \"metadata\": {\"name\": \"x\"},
	\"spec\": {}}' | grep 'spec.addresses: Required'"
first=$(pool_version)
apply_pool 192.168.122.100-192.168.122.140 >/dev/null
check "a watch reports the edit" "watch_from $first | grep MODIFIED"

apiserver restart
check "restarted on the same port with the same data" \
	"api GET $pools/default-pool | grep 192.168.122.140"
apiserver pause
check "paused, it answers nobody" "! api GET /readyz -m 1"
apiserver continue
check "continued, it answers" "api GET /readyz" 10
apiserver blackhole on
check "black hole: connecting ends in a time-out" \
	"reply GET /readyz -m 1 | grep -iE 'timed out|timeout'"
apiserver blackhole off
check "and out of it again" "api GET /readyz" 5
apiserver kill
check "killed, it refuses connections" "reply GET /readyz | grep 'connect to server'"
apiserver restart
apiserver compact
apiserver restart
check "history forgotten: an old watch gets 410" "watch_from $first | grep -E '410|Expired'"
apiserver stop
check "stopped, nothing is left" \
	"! grep -lE 'etcd|kube-apiserver' /proc/[0-9]*/comm"
summary
