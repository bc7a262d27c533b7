#!/usr/bin/env bash
# The cluster's half against the fake API server: what is repaired and in how many writes,
# what waits for consent, and every way in which a server can be slow, gone, wrong or mad.
# shellcheck disable=SC2016,SC2034 # conditions are evaluated when they are checked
set -u
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

whole=192.168.122.100-192.168.122.150
resync=10m # so that what is seen is seen by the watch
home() { cat "$top/conf/example/desired.d/home.yaml"; }
write_pools() { # YAML-LINE...: what is under metallb.pools
	home | sed '/default-pool:/,$d' | { cat && printf '    %s\n' "$@"; } | put desired.d/home.yaml
	exits 0 ctl reload
}
pool_of() { echo "$1: {addresses: [$2]}"; }

edit_pool() { api PATCH "$pools/${2:-default-pool}" "{\"spec\":$1}" >/dev/null; }
no_pool() { ! api GET "$pools/$1" >/dev/null; }
advertised() { api GET "$advertisements/$1" | answers '.spec.ipAddressPools | index($name)' --arg name "$1"; }
wrote() { # METHOD...: these since the mark and no more, those of the test itself among them
	[ "$(api_writes | cut -d' ' -f1 | xargs)" = "$*" ]
}
requests() { # PART: how many since it was last forgotten
	curl -sf -G --data-urlencode "match=$1" "$api/fake/requests" | jq .count
}
forget_requests() { quiet api POST /fake/requests/clear '{}'; }

repaired() {
	heals 'a pool deleted' 'api DELETE "$pools/default-pool"' 'pool_is default-pool $whole' 5
	heals 'an advertisement deleted' 'api DELETE "$advertisements/default-pool"' \
		'advertised default-pool' 5
	heals "a pool's addresses edited" \
		'edit_pool "{\"addresses\":[\"192.168.122.200/29\"]}"' 'pool_is default-pool $whole' 5
	heals 'addresses added' \
		"edit_pool '{\"addresses\":[\"$whole\",\"192.168.122.200/29\"]}'" 'pool_is default-pool $whole' 5
	heals 'an advertisement of another pool' \
		'api PATCH "$advertisements/default-pool" "{\"spec\":{\"ipAddressPools\":[\"nobody\"]}}"' \
		'advertised default-pool' 5
	check 'converged' converged 5
	api_mark
	quiet edit_pool '{"addresses":["192.168.122.100-192.168.122.149","192.168.122.150/32"]}'
	quiet edit_pool '{"avoidBuggyIPs":true}'
	quiet api PATCH "$pools/default-pool" '{"metadata":{"labels":{"theirs":"1"}}}'
	stays 'the same addresses in other words, what is not written and labels: not touched' \
		'wrote PATCH PATCH PATCH && converged' 1
	quiet edit_pool '{"addresses":["192.168.122.100-192.168.122.149"]}'
	check 'repaired, and what is not ours has survived' 'api GET "$pools/default-pool" | answers \
		".spec.avoidBuggyIPs == true and .metadata.labels.theirs == \"1\" and
		.metadata.labels[\"app.kubernetes.io/managed-by\"] == \"homek8sd\" and
		.spec.addresses == [\"$whole\"]"' 5
	check 'written as ours' 'api GET "$pools/default-pool" | answers \
		"[.metadata.managedFields[].manager] | index(\"homek8sd\") != null"'
	api_mark
	quiet api DELETE "$pools/default-pool"
	check 'a repair is one write' 'wrote DELETE PATCH && is pool/default-pool converged' 5
	api_mark
	quiet ctl reconcile
	stays 'converged: none' '[ -z "$(api_writes)" ]' 1
	unreadable_pools
}

unreadable_pools() {
	quiet api POST /fake/objects '{"apiVersion":"metallb.io/v1beta1","kind":"IPAddressPool",
		"metadata":{"name":"odd","namespace":"metallb-system"},"spec":{"addresses":["nonsense"]}}'
	stays 'a pool of somebody that makes no sense: ours goes on' 'is pool/default-pool converged' 1
	quiet api DELETE "$pools/odd"
	quiet api POST /fake/objects '{"apiVersion":"v1","kind":"Node","metadata":{"name":"evil\nnode"}}'
	quiet api POST /fake/objects '{"apiVersion":"v1","kind":"Service","metadata":{"name":"x\u001b[31m",
		"namespace":"default"},"spec":{"type":"LoadBalancer"},"status":{"loadBalancer":{"ingress":[{"ip":"192.168.122.101"}]}}}'
	check 'names that are none are skipped, counted, and never shown' \
		'source_is kubernetes connected "skipped" && ! ctl status -o json | grep -qE "evil|u001b"' 5
}

consent() {
	write_pools "$(pool_of default-pool 192.168.122.120-192.168.122.150)"
	check 'an edit that takes the address of a Service waits and names it' \
		'is pool/default-pool blocked "takes the address of ingress-nginx/ingress-nginx-controller (192.168.122.100)"' 5
	stays 'and does nothing meanwhile' 'pool_is default-pool $whole' 1
	check 'approved: done' 'exits 0 ctl approve pool/default-pool &&
		wait_for "pool_is default-pool 192.168.122.120-192.168.122.150 && converged" 5'
	write_pools "$(pool_of default-pool $whole)"
	check 'written back: no consent is needed' 'pool_is default-pool $whole && converged' 5
	write_pools "$(pool_of default-pool 192.168.122.100-192.168.122.119)"
	check 'giving up addresses nobody has needs none' 'pool_is default-pool 192.168.122.100-192.168.122.119 && converged' 5
	fault '{"match":"GET /api/v1/services","times":-1,"do":"status","code":403,"body":"no"}'
	quiet api POST /fake/drop '{}'
	write_pools "$(pool_of default-pool 192.168.122.100-192.168.122.110)"
	quiet ctl reconcile
	check 'Services that cannot be seen: nothing is taken away' \
		'is pool/default-pool unknown "which Services live there is not known" &&
		pool_is default-pool 192.168.122.100-192.168.122.119' 5
	no_faults
	quiet ctl reconcile
	check 'seen again: done' 'pool_is default-pool 192.168.122.100-192.168.122.110' 5
}

# The server's webhook refuses overlapping pools: only the right order passes.
moved() {
	api_mark
	write_pools "$(pool_of default-pool 192.168.122.100-192.168.122.105)" \
		"$(pool_of second 192.168.122.106-192.168.122.150)"
	check 'addresses move to a new pool: shrink, then make' \
		'pool_is second 192.168.122.106-192.168.122.150 && converged &&
		[ "$(api_writes | sed "s,.*/,," | head -2 | xargs)" = "default-pool second" ]' 5
	api_mark
	write_pools "$(pool_of default-pool 192.168.122.100-192.168.122.120)" \
		"$(pool_of second 192.168.122.121-192.168.122.150)"
	check 'and back between two: shrink, then grow' \
		'pool_is default-pool 192.168.122.100-192.168.122.120 && converged &&
		[ "$(api_writes | sed "s,.*/,," | xargs)" = "second default-pool" ]' 5
	check 'no write was refused' '! said "failed" && ! said overlap'
}

pruned() {
	write_pools "$(pool_of default-pool $whole)"
	check 'no longer written: told, left alone, and in the way' \
		'is pool/default-pool blocked "overlaps pool second, which is not written here" &&
		status_has "any(.findings[]; .id == \"no-longer-written\" and .objects == [\"pool/second\"])"' 5
	api_mark
	more='prune: true' settings
	check 'with prune: it goes, and its advertisement, then the other grows' \
		'no_pool second && ! advertised second && pool_is default-pool $whole && converged' 5
	quiet api POST "$pools" '{"apiVersion":"metallb.io/v1beta1","kind":"IPAddressPool","metadata":
		{"name":"theirs","namespace":"metallb-system"},"spec":{"addresses":["192.168.122.240/29"]}}'
	stays 'what is not ours is never pruned' 'pool_is theirs 192.168.122.240/29 && converged' 1
	quiet api DELETE "$pools/theirs"
	settings
}

node_ready() { # NODE True|False
	api GET "/api/v1/nodes/$1" >"$work/node" || return
	jq -c --arg status "$2" 'del(.metadata.managedFields, .metadata.resourceVersion) |
		(.status.conditions[] | select(.type == "Ready")) |= (.status = $status |
			.reason = "KubeletNotReady" | .message = "container runtime is down")' \
		<"$work/node" >"$work/node.json"
	api POST /fake/objects "$(cat "$work/node.json")"
}

nodes() {
	check 'nodes: Ready, since when and in what version' 'is node/worker-1 converged "Ready since 20" &&
		is node/worker-1 converged v1.29.0'
	quiet node_ready worker-1 False
	check 'NotReady: told' 'is node/worker-1 failing NotReady && verdict_is degraded' 5
	check 'the machine it runs on is not touched' 'runs worker-1 && is vm/worker-1 converged'
	quiet node_ready worker-1 True
	check 'Ready again' 'is node/worker-1 converged Ready' 5
	quiet api DELETE /api/v1/nodes/worker-2
	check 'gone: told' 'is node/worker-2 pending "has not joined the cluster yet"' 5
	jq -c '.metadata.name = "worker-2" | .status.addresses[0].address = "192.168.122.12" | del(.metadata.uid)' \
		<"$work/node.json" >"$work/node2.json"
	quiet api POST /fake/objects "$(cat "$work/node2.json")"
	check 'joined: told' 'is node/worker-2 converged Ready' 5
}

metallb_missing() {
	quiet api POST /fake/groups '{"metallb.io": false}'
	quiet ctl reconcile
	check 'MetalLB is not there: told, with what to do; the rest is as it was' \
		'is pool/default-pool blocked MetalLB && is advertisement/default-pool blocked MetalLB &&
		is node/worker-1 converged && is vm/worker-1 converged' 5
	api_mark
	heals 'a VM heals meanwhile' 'sleep 1.2; vir destroy worker-1' 'runs worker-1' 5
	stays 'nothing is written' '[ -z "$(api_writes)" ]' 1
	quiet api POST /fake/groups '{"metallb.io": true}'
	heals 'MetalLB is installed: looked at, and made' 'ctl reconcile' \
		'pool_is default-pool $whole && advertised default-pool && converged' 10
}

refusals() {
	fault '{"match":"ipaddresspools","times":-1,"do":"webhook-down"}'
	quiet api DELETE "$pools/default-pool"
	forget_requests
	check "MetalLB's webhook is down: told with its text and when the next try is" \
		'is pool/default-pool failing "MetalLB'"'"'s webhook does not answer" &&
		status_has ".objects[] | select(.kind == \"pool\") | .retry_in > 0 and .retry_in <= 60000"' 5
	stays 'and not tried over and over' '(($(requests PATCH) <= 1))' 2
	no_faults
	heals 'up again' 'ctl reconcile pool/default-pool' 'pool_is default-pool $whole && converged' 5
	fault '{"match":"PATCH","times":-1,"do":"status","code":403,"body":{"kind":"Status","status":"Failure",
		"message":"ipaddresspools.metallb.io is forbidden: User \"me\" cannot patch","reason":"Forbidden","code":403}}'
	quiet api DELETE "$pools/default-pool"
	check 'a forbidden write: told who may not do what' 'is pool/default-pool failing "User \"me\" cannot patch"' 5
	no_faults
	quiet ctl reconcile
	check 'allowed: done' 'pool_is default-pool $whole && converged' 5
	fault '{"match":"GET /apis/metallb.io/v1beta1/namespaces/metallb-system/ipaddresspools","times":-1,"do":"status","code":403,"body":"no"}'
	quiet api POST /fake/drop '{}'
	quiet ctl reconcile
	check 'a forbidden list: told, unknown, and the other kinds go on' \
		'is pool/default-pool unknown "ipaddresspools in metallb-system" &&
		is node/worker-1 converged && is advertisement/default-pool converged && source_is kubernetes connected' 10
	no_faults
	quiet ctl reconcile
	check 'allowed: known' converged 10
	fault '{"match":"/api","times":-1,"do":"status","code":401,"body":"Unauthorized"}'
	quiet api POST /fake/drop '{}'
	quiet ctl reconcile
	check '401: unauthorized, and where to renew what' \
		'source_is kubernetes unauthorized "renew the token or client certificate in $work/etc/kubeconfig"' 10
	no_faults
	quiet ctl reload
	check 'known again' converged 10
}

busy() {
	forget_requests
	fault '{"match":"/api","times":12,"do":"status","code":429,"content_type":"text/plain",
		"body":"Too many requests, please try again later.","headers":{"Retry-After":"1"}}'
	quiet api POST /fake/drop '{}'
	quiet ctl reconcile
	sleep 2
	check '429 as plain text: what was seen stays valid, and no storm' \
		'is pool/default-pool converged && (($(requests "GET /api") <= 30))'
	no_faults
	heals '429 is over' 'ctl reconcile' converged 15
}

# A change must come through after each, without a look: by the watch alone. Each begins
# with a daemon that remembers no failures, which would add to its patience.
seen_after() { # WHAT FAULT
	local end=$((149 - ${#done_faults}))
	done_faults=$done_faults.
	stop
	start
	wait_for converged 10 >/dev/null
	forget_requests
	quiet eval "$2"
	heals "$1: a change comes through" "edit_pool '{\"addresses\":[\"192.168.122.100-192.168.122.$end\"]}'" \
		'pool_is default-pool $whole && converged' 20
	check "$1: without a storm" '(($(requests "ipaddresspools?") <= 12))'
	no_faults
}
done_faults=

watches() {
	local watch='"match":"ipaddresspools?watch=","times":1'
	seen_after '410 as a status' "fault '{$watch,\"do\":\"status\",\"code\":410,\"body\":{\"kind\":\"Status\",
		\"status\":\"Failure\",\"reason\":\"Expired\",\"code\":410}}'; api POST /fake/drop '{}'"
	seen_after '410 as an event' "fault '{$watch,\"do\":\"error-event\",\"code\":410}'"
	seen_after 'another ERROR event' "fault '{$watch,\"do\":\"error-event\",\"code\":500,\"message\":\"etcd\"}'"
	seen_after 'history compacted' 'api POST /fake/compact "{}"; api POST /fake/drop "{}"'
	seen_after 'watches ended' "fault '{$watch,\"do\":\"end-watch\"}'"
	seen_after 'connections reset' 'api POST /fake/drop "{\"reset\":true}"'
	seen_after 'JSON in pieces of 1 to 7 bytes' "fault '{\"match\":\"watch\",\"times\":-1,\"do\":\"split\"}'"
	seen_after 'garbage in a watch' "fault '{$watch,\"do\":\"garbage\"}'"
	seen_after 'garbage for a list' 'fault "{\"match\":\"limit=\",\"times\":1,\"do\":\"garbage\"}"; ctl reconcile'
	seen_after 'an object of 5 MiB' "fault '{$watch,\"do\":\"huge\"}'"
}

silent_and_restored() {
	local version
	fault '{"match":"watch","times":1,"do":"silence"}'
	quiet edit_pool '{"addresses":["192.168.122.100-192.168.122.109"]}'
	stays 'a silent watch tells nothing' 'is pool/default-pool converged' 1
	resync=1s settings
	heals 'the next look finds it' true 'pool_is default-pool $whole && converged' 5
	no_faults
	version=$(api GET /fake/state | jq .resourceVersion)
	quiet edit_pool '{"addresses":["192.168.122.100-192.168.122.108"]}'
	check 'mended' 'pool_is default-pool $whole && converged' 5
	quiet api POST /fake/rollback "{\"resourceVersion\":$((version + 1))}"
	check 'the cluster is restored from a backup: an old edit is back' '! pool_is default-pool $whole || true'
	heals 'and is mended again' true 'pool_is default-pool $whole && converged' 10
	settings
}

come_and_gone() {
	kubernetes=auto
	mv "$work/etc/kubeconfig" "$work/kubeconfig"
	settings
	check 'kubeconfig taken away: the half is off, said so' \
		'exits 0 ctl reload && wait_for "source_is kubernetes off \"no kubeconfig at\"" 5'
	check 'no node is asked for, pools wait' '! status_has "any(.objects[]; .kind == \"node\")" && is pool/default-pool unknown "not looked after"'
	heals 'VMs are kept all the same' 'sleep 1.2; vir destroy worker-1' 'runs worker-1' 5
	mv "$work/kubeconfig" "$work/etc/kubeconfig"
	heals 'kubeconfig put there: connected' 'ctl reload' converged 10
	kubernetes=off
	settings
	check 'switched off: said so' 'exits 0 ctl reload && wait_for "source_is kubernetes off \"kubernetes.mode\"" 5'
	kubernetes=on
	settings
	check 'switched on: connected' 'exits 0 ctl reload && wait_for converged 10'
}

unreachable() {
	local vm
	stop
	stop_api
	for vm in control-plane worker-1 worker-2; do quiet vir destroy $vm; quiet vir undefine $vm; done
	quiet vir net-destroy default
	quiet vir net-undefine default
	heals 'started while the cluster is down: network, leases and VMs are there' start \
		'runs control-plane worker-1 worker-2 && is reservation/worker-1 converged && is vm/worker-2 converged' 10
	check 'the cluster is told down, its objects unknown' \
		'source_is kubernetes down && is pool/default-pool unknown && verdict_is degraded'
	heals 'the cluster is up: converged by itself' start_api converged 60
	kill -STOP "$api_pid"
	stop
	start
	quiet vir destroy control-plane
	heals 'started while the cluster is black-holed: a VM is started' true 'runs control-plane' 5
	kill -CONT "$api_pid"
	heals 'the cluster answers: converged by itself' true converged 60
}

world
settings
start
check 'converged' converged 10
mark
repaired
consent
moved
pruned
nodes
metallb_missing
refusals
busy
watches
silent_and_restored
come_and_gone
unreachable
finish
