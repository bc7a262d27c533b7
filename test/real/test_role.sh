#!/usr/bin/env bash
# conf/cluster-role.yaml on a real API server: with it, and nothing more, homek8sd does its work;
# without it, it says what it may not. Then the same as the service account of conf/kubeconfig.sh.
# shellcheck disable=SC2016 # conditions are strings that check evaluates
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
if [[ -z ${APISERVER_DIR:-} ]]; then exec "$here/apiserver.sh" run "$here/test_role.sh"; fi
# shellcheck source-path=SCRIPTDIR source=daemon.sh
. "$here/daemon.sh"
[[ -x $programs/homek8sd ]] || { echo "SKIP role: no $programs/homek8sd"; exit 77; }

dir=$APISERVER_DIR
pools=/apis/metallb.io/v1beta1/namespaces/metallb-system/ipaddresspools
pool=$pools/default-pool

api() { timeout 60 "$here/apiserver.sh" api "$dir" "$@"; }
status_is() { [[ $(status -o json | jq -r .verdict) == "$1" ]]; }
nothing_forbidden() { ! grep -q orbidden <<<"$(status -o json)"; }

write_settings() { # PRUNE
	put_file homek8s.yaml <<-END
		libvirt: {uri: "test:///default"}
		resync: 1s
		first_start: converge
		prune: $1
	END
}
write_pool() { # NAME
	put_file desired.d/home.yaml <<-END
		metallb: {pools: {$1: {addresses: [192.168.50.100-192.168.50.150]}}}
	END
}

api_count_calls "$dir"
daemon_home "$dir/role"
write_settings false
write_pool default-pool
put_file kubeconfig <"$dir/kubeconfig-token"
daemon_start
check 'without the role nothing is converged, and status says what is forbidden' \
	'! status_is converged && ! nothing_forbidden' 20
api_mark
"$here/apiserver.sh" role "$dir"
check 'healed: with it the pool and its advertisement are made' 'status_is converged && api GET $pool' 60
api PATCH "$pool" -H 'Content-Type: application/merge-patch+json' \
	-d '{"spec":{"addresses":["192.168.50.200-192.168.50.210"]}}' >/dev/null
check 'healed: the pool edited by hand' '[[ $(api GET $pool) == *192.168.50.100-192.168.50.150* ]]' 30
write_settings true
write_pool other-pool
check 'with prune the pool that is no longer written is deleted' '! api GET $pool' 30
check 'all is converged, nothing is forbidden' 'status_is converged && nothing_forbidden' 30
daemon_stop
watches_ended() { [[ $(rights_used) == *"watch metallb.io/ipaddresspools in metallb-system"* ]]; }
wait_for watches_ended 10 >/dev/null || true
called "it has used every right about MetalLB's pools; the others: test_restart.sh" \
	"$(rights_used | grep -vE ' (core|policy)/|servicel2statuses')" \
	"$(rights_granted | grep -vE ' (core|policy)/|servicel2statuses')"
forbidden() { # METHOD PATH
	! curl -sf -o /dev/null --cacert "$dir/pki/ca.crt" --noproxy '*' -X "$1" \
		-H "Authorization: Bearer $(cat "$dir/pki/token")" \
		"https://127.0.0.1:$(cat "$dir/port")$2"
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
	HOME=$home KUBECONFIG=$dir/kubeconfig "$here/../../conf/kubeconfig.sh" "$@" 2>"$home/made.err"
}
if command -v kubectl >/dev/null; then
	export NO_PROXY='*'
	(until fill_secret 2>/dev/null; do sleep 0.2; done) &
	filler=$!
	check 'kubeconfig.sh makes a service account and its kubeconfig' \
		'make_kubeconfig --context=test >"$home/made"' 0
	kill "$filler" 2>/dev/null || true
	wait "$filler" 2>/dev/null || true
	check 'and says that 127.0.0.1 is the machine it runs on' 'grep -q "use$" "$home/made.err"' 0
	check 'where MetalLB is not, nothing is made' '! make_kubeconfig --metallb=nowhere &&
		grep -q "there is no namespace nowhere" "$home/made.err"' 0
	check 'another server is taken as given' 'make_kubeconfig --server=https://192.0.2.1:6443 |
		grep -q "server: https://192.0.2.1:6443$"' 0
	put_file kubeconfig <"$home/made"
	daemon_start
	check 'validate finds it good' 'ctl validate --config-dir "$home/etc"' 0
	api DELETE "$pools/other-pool" >/dev/null
	check 'with it the pool is made' 'status_is converged && api GET "$pools/other-pool"' 30
	daemon_stop
else
	echo '# skipped: no kubectl to make a service account with'
fi
summary
