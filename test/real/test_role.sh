#!/usr/bin/env bash
# conf/cluster-role.yaml on a real API server: with it, and nothing more, homek8sd does its work;
# without it, it says what it may not. Then the same as the service account of conf/kubeconfig.sh.
# shellcheck disable=SC2016 # conditions are strings that check evaluates
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
build=${BUILD:-build}
[[ $build == /* ]] || build=$top/$build

if [[ -z ${APISERVER_DIR:-} ]]; then
	exec "$here/apiserver.sh" run "$0" "$@"
fi

# shellcheck source=test/real/report.sh
. "$here/report.sh"
work=$(mktemp -d "${TMPDIR:-/tmp}/homek8s-role.XXXXXX")
daemon=
clean_up() {
	[[ -z $daemon ]] || kill "$daemon" 2>/dev/null || true
	[[ -z $daemon ]] || wait "$daemon" 2>/dev/null || true
	rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

api() { "$here/apiserver.sh" api "$APISERVER_DIR" "$@"; }
ctl() { "$build/homek8sctl" "$@"; }
status_is() { [[ $(ctl status -o json | jq -r "$1") == "$2" ]]; }

# Each document of the file, server-side, as kubectl would.
apply_role() {
	local i path kind name namespace document
	for ((i = 0; ; i++)); do
		document=$(awk -v n=$i '/^---$/ { d++; next } d == n' "$top/conf/cluster-role.yaml")
		[[ -n $document ]] || break
		kind=$(sed -n 's/^kind: //p' <<<"$document")
		name=$(sed -n '/^metadata:/,/^[a-l]/s/^  name: //p' <<<"$document" | head -1)
		namespace=$(sed -n 's/^  namespace: //p' <<<"$document")
		path=/apis/rbac.authorization.k8s.io/v1/${namespace:+namespaces/$namespace/}${kind,,}s/$name
		api PATCH "$path?fieldManager=test" --data-binary "$document" \
			-H 'Content-Type: application/apply-patch+yaml' >/dev/null
	done
}

mkdir -p "$work/etc/desired.d" "$work/state"
install -m 600 "$APISERVER_DIR/kubeconfig-token" "$work/etc/kubeconfig"
printf 'libvirt: {uri: "test:///default"}\nresync: 1s\nfirst_start: converge\n' >"$work/etc/homek8s.yaml"
cat >"$work/etc/desired.d/home.yaml" <<-END
	metallb:
	  pools:
	    default-pool: {addresses: [192.168.50.100-192.168.50.150]}
END
chmod -R go-w "$work/etc"
export HOMEK8S_SOCKET=$work/socket
pool=/apis/metallb.io/v1beta1/namespaces/metallb-system/ipaddresspools/default-pool
"$build/homek8sd" --config-dir "$work/etc" --state-dir "$work/state" \
	--socket "$HOMEK8S_SOCKET" 2>"$work/homek8sd.log" &
daemon=$!

check 'without the role nothing is converged, and status says what is forbidden' \
	'! status_is .verdict converged && [[ $(ctl status -o json) == *orbidden* ]]' 20
apply_role
check 'healed: with it the pool and its advertisement are made' \
	'status_is .verdict converged && api GET $pool' 60
api PATCH "$pool" -H 'Content-Type: application/merge-patch+json' \
	-d '{"spec":{"addresses":["192.168.50.200-192.168.50.210"]}}' >/dev/null
check 'healed: the pool edited by hand' '[[ $(api GET $pool) == *192.168.50.100-192.168.50.150* ]]' 30
printf 'libvirt: {uri: "test:///default"}\nresync: 1s\nfirst_start: converge\nprune: true\n' >"$work/etc/homek8s.yaml"
sed -i 's/default-pool/other-pool/' "$work/etc/desired.d/home.yaml"
ctl reload
check 'with prune the pool that is no longer written is deleted' '! api GET $pool' 30
check 'all is converged, nothing is forbidden' \
	'status_is .verdict converged && [[ $(ctl status -o json) != *orbidden* ]]' 30
forbidden() { # METHOD PATH
	! curl -sf -o /dev/null --cacert "$APISERVER_DIR/pki/ca.crt" --noproxy '*' -X "$1" \
		-H "Authorization: Bearer $(cat "$APISERVER_DIR/pki/token")" \
		"https://127.0.0.1:$(cat "$APISERVER_DIR/port")$2"
}
check 'and it may read no secret, delete no pod and no node' \
	'forbidden GET /api/v1/secrets && forbidden DELETE /api/v1/namespaces/default/pods/x &&
	forbidden DELETE /api/v1/nodes/worker-1 && ! forbidden GET /api/v1/nodes'
check 'what a drain needs it may: list Pods and their budgets, and no more of them' \
	'! forbidden GET /api/v1/pods && ! forbidden GET /apis/policy/v1beta1/poddisruptionbudgets &&
	forbidden GET /api/v1/namespaces/default/pods/x && forbidden DELETE /api/v1/pods'
# shellcheck disable=SC2034 # used in a condition
webhooks=/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations
check 'it may find where MetalLB is, read no other webhook, and change no pool elsewhere' \
	'! forbidden GET /apis/metallb.io/v1beta1/ipaddresspools && forbidden GET $webhooks &&
	! forbidden GET "$webhooks?fieldSelector=metadata.name%3Dmetallb-webhook-configuration" &&
	forbidden DELETE /apis/metallb.io/v1beta1/namespaces/default/ipaddresspools/x'

# What a controller of a whole cluster does for a Secret of that type.
fill_secret() {
	local account=/api/v1/namespaces/homek8sd/serviceaccounts/homek8sd/token token
	token=$(api POST "$account" -H 'Content-Type: application/json' -d '{"kind": "TokenRequest",
		"apiVersion": "authentication.k8s.io/v1", "spec": {"expirationSeconds": 172800}}' |
		jq -r .status.token) && [[ $token == ey* ]] || return 1
	api PATCH /api/v1/namespaces/homek8sd/secrets/homek8sd-token -o /dev/null \
		-H 'Content-Type: application/merge-patch+json' \
		-d "{\"data\": {\"token\": \"$(printf %s "$token" | base64 -w0)\"}}"
}
make_kubeconfig() {
	KUBECONFIG=$APISERVER_DIR/kubeconfig "$top/conf/kubeconfig.sh" "$@" 2>"$work/made.err"
}
if command -v kubectl >/dev/null; then
	export NO_PROXY='*'
	(until fill_secret 2>/dev/null; do sleep 0.2; done) &
	filler=$!
	check 'kubeconfig.sh makes a service account and its kubeconfig' \
		'make_kubeconfig --context=test >"$work/made"' 0
	kill "$filler" 2>/dev/null || true
	wait "$filler" 2>/dev/null || true
	check 'and says that 127.0.0.1 is the machine it runs on' 'grep -q "use$" "$work/made.err"' 0
	check 'where MetalLB is not, nothing is made' '! make_kubeconfig --metallb=nowhere &&
		grep -q "there is no namespace nowhere" "$work/made.err"' 0
	check 'another server is taken as given' 'make_kubeconfig --server=https://192.0.2.1:6443 |
		grep -q "server: https://192.0.2.1:6443$"' 0
	install -m 600 "$work/made" "$work/etc/kubeconfig"
	check 'validate finds it good' 'ctl validate --config-dir "$work/etc"' 0
	api DELETE "${pool%/*}/other-pool" >/dev/null
	ctl reload
	check 'with it the pool is made' 'status_is .verdict converged && api GET "${pool%/*}/other-pool"' 30
else
	echo '# skipped: no kubectl to make a service account with'
fi
[[ $failed == 0 ]] || tail -20 "$work/homek8sd.log"
summary
