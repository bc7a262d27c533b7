#!/bin/bash
# homek8sd against a real kube-apiserver: MetalLB's objects made, kept and moved, each fault
# of the server and of the credentials and how long it takes to be well again, and every
# write, counted in the server's own audit log. libvirt is its in-process test driver.
# Exits 77 where it cannot run.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
if [[ -z ${APISERVER_DIR:-} ]]; then exec "$here/apiserver.sh" run "$here/test_api.sh"; fi
# shellcheck source-path=SCRIPTDIR source=daemon.sh
. "$here/daemon.sh"
[[ -x $programs/homek8sd ]] || { echo "SKIP api: no $programs/homek8sd"; exit 77; }

dir=$APISERVER_DIR
metallb=/apis/metallb.io/v1beta1/namespaces/metallb-system
pools=$metallb/ipaddresspools
ads=$metallb/l2advertisements
crds=/apis/apiextensions.k8s.io/v1/customresourcedefinitions
rbac=/apis/rbac.authorization.k8s.io/v1
default_pool=192.168.122.100-192.168.122.150

apiserver() { "$here/apiserver.sh" "$1" "$dir" "${@:2}"; }
api() { timeout 60 "$here/apiserver.sh" api "$dir" "$@"; }
post() { api POST "$1" -H 'Content-Type: application/json' -d "$2"; }
merge() { api PATCH "$1" -H 'Content-Type: application/merge-patch+json' -d "$2"; }

write_settings() { # PRUNE
	put_file homek8s.yaml <<-END
		libvirt: {uri: "test://$home/libvirt.xml"}
		vm: {minimum_uptime: 1s}
		prune: $1
		first_start: converge
	END
}

write_home() { # POOLS
	put_file desired.d/home.yaml <<-END
		network:
		  name: default
		  address: 192.168.122.1/24
		  dhcp:
		    range: {start: 192.168.122.2, end: 192.168.122.99}
		  static_ips: {worker-1: 192.168.122.11}
		vms:
		  worker-1: {role: worker, vcpus: 1, memory: 128MiB, disk: {path: /disk.qcow2}}
		metallb:
		  pools: $1
	END
}

one_pool() { write_home "{default-pool: {addresses: [$1]}}"; }
two_pools() { write_home "{a: {addresses: [$1]}, b: {addresses: [$2]}}"; }

new_home() { # NAME KUBECONFIG
	daemon_home "$dir/$1"
	echo "<node/>" >"$home/libvirt.xml"
	write_settings false
	one_pool $default_pool
	put_file kubeconfig <"$2"
}

all_in_order() { in_order network reservation vm node pool advertisement; }
pool_is() { # NAME RANGE: and nothing else
	api GET "$pools/$1" | jq -en --arg range "$2" 'input | .spec.addresses == [$range]'
}
ad_is_there() { api GET "$ads/default-pool" | jq -en 'input | .spec.ipAddressPools | index("default-pool") != null'; }
is_gone() { ! api GET "$1"; }
applied_by_us() { # PATH
	api GET "$1" | jq -en 'input | .metadata | .labels["app.kubernetes.io/managed-by"] == "homek8sd" and
		any(.managedFields[]; .manager == "homek8sd" and .operation == "Apply")'
}
versions() { api GET $pools | jq -c '[.items[].metadata.resourceVersion]'; }
wrote_nothing() { [[ -z $(api_writes) ]]; }

make_node() {
	post /api/v1/nodes '{"apiVersion": "v1", "kind": "Node", "metadata": {"name": "worker-1"}}'
	merge /api/v1/nodes/worker-1/status '{"status": {"conditions":
		[{"type": "Ready", "status": "True", "lastTransitionTime": "2024-01-01T00:00:00Z"}]}}'
}

make_role() {
	api PATCH "$rbac/clusterroles/homek8sd?fieldManager=test&force=true" \
		-H 'Content-Type: application/apply-patch+yaml' --data-binary @- <<-END
			apiVersion: rbac.authorization.k8s.io/v1
			kind: ClusterRole
			metadata: {name: homek8sd}
			rules:
			- {apiGroups: [""], resources: [nodes, services], verbs: [list, watch]}
			- {apiGroups: [metallb.io], resources: [ipaddresspools, l2advertisements],
			   verbs: [$1]}
			- {apiGroups: [metallb.io], resources: [bgpadvertisements], verbs: [list, watch]}
		END
}

bind_role() {
	post $rbac/clusterrolebindings '{"apiVersion": "rbac.authorization.k8s.io/v1",
		"kind": "ClusterRoleBinding", "metadata": {"name": "homek8sd"},
		"roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole",
			"name": "homek8sd"},
		"subjects": [{"kind": "User", "name": "homek8sd"}]}'
}

# Two daemons at once, because each has to be left to find out by itself: one finds no
# MetalLB, one may do nothing.
nothing_is_ready() {
	local start
	api DELETE $crds/ipaddresspools.metallb.io >/dev/null
	api DELETE $crds/l2advertisements.metallb.io >/dev/null
	check "MetalLB's kinds are gone" "is_gone $pools && is_gone $ads" 10
	new_home token "$dir/kubeconfig-token"
	daemon_start
	check "user without rights: the verb and what it is for are reported" \
		"is node/worker-1 unknown 'this user may not list nodes'" 10
	check "so they are of MetalLB's kinds" \
		"is pool/default-pool unknown 'this user may not list ipaddresspools in metallb-system'" 10
	check "the VM runs all the same" "in_order network reservation vm" 5
	token_pid=$daemon_pid
	new_home home "$dir/kubeconfig"
	daemon_start
	check "no MetalLB: reported" "is pool/default-pool blocked 'MetalLB is not installed'" 10
	make_node >/dev/null
	check "a node is observed all the same" "is node/worker-1 converged Ready" 10
	make_role list,watch >/dev/null
	bind_role >/dev/null
	start=$(now_ms)
	heals "MetalLB installed: all is in order by itself" "apiserver metallb" all_in_order 75
	heals_since "$start" "role bound: all is in order by itself" all_in_order token 75
}

# Of another daemon than the one that is the current one.
heals_since() { # START-MS WHAT CONDITION HOME SECS
	local before=$home
	home=$dir/$4 HOMEK8S_SOCKET=$dir/$4/socket
	if wait_for "$3" "$5" >/dev/null; then ok "$2" $(($(now_ms) - $1)); else no "$2"; fi
	home=$before HOMEK8S_SOCKET=$before/socket
}

may_not_write() {
	local admin_pid=$daemon_pid
	daemon_stop
	home=$dir/token HOMEK8S_SOCKET=$dir/token/socket daemon_pid=$token_pid
	api DELETE $pools/default-pool >/dev/null
	check "user who may only read: the verb is reported" \
		"is pool/default-pool failing 'cannot patch resource'" 10
	make_role list,watch,create,patch >/dev/null
	heals "may write: done when asked again" "ctl reconcile pool/default-pool" \
		"pool_is default-pool $default_pool && all_in_order" 10
	daemon_stop
	home=$dir/home HOMEK8S_SOCKET=$dir/home/socket daemon_pid=$admin_pid
	daemon_start
	check "all is in order" all_in_order 10
}

from_nothing() {
	daemon_stop
	api DELETE $pools/default-pool >/dev/null
	api DELETE $ads/default-pool >/dev/null
	api_mark
	heals "pool, advertisement, network and VM from nothing" daemon_start all_in_order 10
	check "pool and advertisement are as written" \
		"pool_is default-pool $default_pool && ad_is_there"
	check "applied by homek8sd and labelled so" \
		"applied_by_us $pools/default-pool && applied_by_us $ads/default-pool"
	called "in one call each, in any order" "$(api_writes | sort)" "$(printf '%s\n' \
		"patch ipaddresspools/default-pool" "patch l2advertisements/default-pool")"
}

nothing_to_do() {
	local before
	before=$(versions)
	api_mark
	stays "converged: nothing is written" "all_in_order && wrote_nothing" 10
	ctl reconcile 2>/dev/null
	stays "nor by homek8sctl reconcile" "all_in_order && wrote_nothing" 1
	daemon_stop
	heals "started anew, all is in order" daemon_start all_in_order 10
	check "without a write: same resource version" "wrote_nothing && [[ \$(versions) == '$before' ]]"
}

repairs() {
	api_mark
	heals "pool deleted" "api DELETE $pools/default-pool" "pool_is default-pool $default_pool" 10
	api_wrote "in one call" "patch ipaddresspools/default-pool"
	heals "advertisement deleted" "api DELETE $ads/default-pool" ad_is_there 10
	api_mark
	heals "pool edited by hand" \
		"merge $pools/default-pool '{\"spec\": {\"addresses\": [\"192.168.122.200-192.168.122.210\"]}}'" \
		"pool_is default-pool $default_pool" 10
	api_wrote "in one call" "patch ipaddresspools/default-pool"
	check "applied by another manager: refused by the server" \
		"! apply_as_other | grep 192.168.122.220"
	heals "applied by another manager with force" "apply_as_other '&force=true'" \
		"pool_is default-pool $default_pool" 10
	heals "advertisement pointed elsewhere" \
		"merge $ads/default-pool '{\"spec\": {\"ipAddressPools\": [\"other\"]}}'" ad_is_there 10
	check "all is in order" all_in_order 5
	api_mark
	merge $pools/default-pool '{"spec": {"autoAssign": false}}' >/dev/null
	stays "a key that is not written is left as somebody set it" \
		"wrote_nothing && all_in_order && api GET $pools/default-pool |
			jq -en 'input | .spec.autoAssign == false'" 2
}

apply_as_other() { # [QUERY]
	api PATCH "$pools/default-pool?fieldManager=other${1:-}" \
		-H 'Content-Type: application/apply-patch+yaml' --data-binary @- <<-END
			{"apiVersion": "metallb.io/v1beta1", "kind": "IPAddressPool",
			 "metadata": {"name": "default-pool"},
			 "spec": {"addresses": ["192.168.122.220-192.168.122.230"]}}
		END
}

# Each time there is something to do when the server is back.
server_goes() {
	apiserver restart
	heals "server restarted: connected" true "source_is kubernetes connected" 60
	heals "and the next deleted pool is noticed" "api DELETE $pools/default-pool" \
		"pool_is default-pool $default_pool" 60
	apiserver kill
	check "server killed: reported as refused" "source_is kubernetes down 'connection refused'" 20
	check "VMs are kept meanwhile" "in_order network reservation vm"
	apiserver restart
	heals "server back: connected, all is in order" true \
		"source_is kubernetes connected && all_in_order" 60
}

# While the daemon stands still, things change and the server forgets how.
history_is_gone() {
	kill -STOP "$daemon_pid"
	api DELETE $pools/default-pool >/dev/null
	apiserver kill
	apiserver restart
	apiserver compact
	apiserver restart
	heals "history compacted while it was away: it lists anew" "kill -CONT $daemon_pid" \
		"pool_is default-pool $default_pool && all_in_order" 60
}

# No packet gets through, and nobody says so. Between, the daemon is started anew: it has
# never reached the server, and the VM must run because of that.
black_hole() {
	local start
	apiserver blackhole on
	start=$(now_ms)
	ask_status 40 &
	if wait_for "source_is kubernetes down" 60 >/dev/null; then
		ok "black hole: reported" $(($(now_ms) - start))
	else
		no "black hole: reported"
	fi
	check "VMs are kept meanwhile" "in_order network reservation vm"
	wait $!
	status_answered "status answers all the 40 s long"
	apiserver blackhole off
	heals "out of it: connected, all is in order" true \
		"source_is kubernetes connected && all_in_order" 60
	daemon_stop
	apiserver blackhole on
	heals "started in a black hole: the VM runs" daemon_start \
		"is vm/worker-1 converged && ! source_is kubernetes connected" 5
	check "which is reported" "source_is kubernetes down 'no connection within'" 30
	apiserver blackhole off
	heals "out of it: connected, all is in order" true \
		"source_is kubernetes connected && all_in_order" 60
}

# What is changed is reported to the daemon: by itself it reads them again now and then only.
credentials() {
	local good wrong
	good=$(cat "$dir/kubeconfig")
	wrong=$(openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 \
		-subj /CN=other-ca -keyout /dev/null 2>/dev/null | base64 -w0)
	sed "s/\(authority-data: \).*/\1$wrong/" "$dir/kubeconfig" | put_file kubeconfig
	heals "wrong authority: reported" "ctl reload" "source_is kubernetes down TLS" 10
	check "with what to compare" \
		"source_is kubernetes down 'compare certificate-authority and server in the kubeconfig'"
	heals "right again: connected by itself, all is in order" "put_file kubeconfig <<<'$good'" \
		"source_is kubernetes connected && all_in_order" 60
	sed 's/token: .*/token: wrong/' "$dir/kubeconfig-token" | put_file kubeconfig
	heals "unknown token: reported" "ctl reload" \
		"source_is kubernetes unauthorized 'renew the token'" 10
	put_file kubeconfig <<<"$good"
	heals "back: connected, all is in order" "ctl reload" \
		"source_is kubernetes connected && all_in_order" 10
	rm "$home/etc/kubeconfig"
	heals "no kubeconfig: off" "ctl reload" "source_is kubernetes off 'no kubeconfig'" 10
	check "the VM runs all the same" "in_order network reservation vm"
	put_file kubeconfig <<<"$good"
	heals "back: connected, all is in order" "ctl reload" \
		"source_is kubernetes connected && all_in_order" 10
}

# Two pools never hold the same address, not even for a moment.
moves() {
	two_pools 192.168.122.100-192.168.122.120 192.168.122.121-192.168.122.150
	check "pools that overlap one that is no longer written: reported" \
		"is pool/a blocked 'overlaps pool default-pool, which is not written here'" 10
	stays "which is not deleted" "pool_is default-pool $default_pool" 1
	heals "prune: true: it makes room" "write_settings true" \
		"is_gone $pools/default-pool && is_gone $ads/default-pool && all_in_order" 10
	check "for both" "pool_is a 192.168.122.100-192.168.122.120 &&
		pool_is b 192.168.122.121-192.168.122.150"
	api_mark
	heals "addresses move from a to b" \
		"two_pools 192.168.122.100-192.168.122.110 192.168.122.111-192.168.122.150" \
		"pool_is b 192.168.122.111-192.168.122.150 && all_in_order" 10
	api_wrote "a shrinks, then b grows" "patch ipaddresspools/a" "patch ipaddresspools/b"
	api_mark
	heals "addresses move from b to a" \
		"two_pools 192.168.122.100-192.168.122.130 192.168.122.131-192.168.122.150" \
		"pool_is a 192.168.122.100-192.168.122.130 && all_in_order" 10
	api_wrote "b shrinks, then a grows" "patch ipaddresspools/b" "patch ipaddresspools/a"
	api_mark
	two_pools 192.168.122.131-192.168.122.150 192.168.122.100-192.168.122.130
	check "all addresses exchanged, which no order of steps can do: reported" \
		"is pool/a blocked exchange && is pool/b blocked exchange" 10
	check "and nothing was done" wrote_nothing
	heals "written back, all is in order" \
		"two_pools 192.168.122.100-192.168.122.130 192.168.122.131-192.168.122.150" \
		all_in_order 5
}

services() {
	post /api/v1/namespaces/default/services '{"apiVersion": "v1", "kind": "Service",
		"metadata": {"name": "web"}, "spec": {"type": "LoadBalancer",
		"ports": [{"port": 80}]}}' >/dev/null
	merge /api/v1/namespaces/default/services/web/status '{"status": {"loadBalancer":
		{"ingress": [{"ip": "192.168.122.145"}]}}}' >/dev/null
	api_mark
	heals "taking a Service's address waits for approval and names it" \
		"two_pools 192.168.122.100-192.168.122.130 192.168.122.131-192.168.122.140" \
		"is pool/b blocked 'takes the address 192.168.122.145 of service/default/web'" 10
	stays "untouched until then" wrote_nothing 2
	heals "approved, it is done" "ctl approve pool/b" \
		"pool_is b 192.168.122.131-192.168.122.140 && all_in_order" 10
	api_wrote "in one call" "patch ipaddresspools/b"
}

api_count_calls "$dir"
nothing_is_ready
may_not_write
from_nothing
nothing_to_do
repairs
server_goes
history_is_gone
black_hole
credentials
moves
services
summary
