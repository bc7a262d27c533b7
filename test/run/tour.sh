#!/usr/bin/env bash
# tour.sh: what run.sh shows, unattended: breaks a VM, a lease, the network, a pool, has a node
# drained and restarted with more memory, restarts the API server and libvirtd, and says how long
# each took to heal. Exits 0 only if all healed.
set -euo pipefail
# shellcheck source=test/run/home.sh
. "$(dirname "$0")/home.sh"

passed=0
failed=0
pools=

domain_runs() { [ "$(virsh -c "$uri" domstate "$1" 2>/dev/null | head -1)" = running ]; }
all_run() { domain_runs control-plane && domain_runs worker-1 && domain_runs worker-2; }
network_runs() { virsh -c "$uri" net-list --name 2>/dev/null | grep -qx default; }
lease_is() { virsh -c "$uri" net-dumpxml default 2>/dev/null | grep -q "name='worker-2' ip='$1'"; }
pool_has() { curl -sf "$pools/default-pool" | tr -d ' ' | grep -q "\"$1\""; }
drained() { ! curl -sf "$api/api/v1/namespaces/default/pods/web"; }
has_memory() { [ "$(virsh -c "$uri" dominfo worker-1 2>/dev/null | sed -n 's/^Max memory: *//p')" = "$1" ]; }
rolled() { has_memory "$1" && drained && converged; }
pod() { # one of a ReplicaSet, on worker-1
	curl -sf -X POST -H 'Content-Type: application/json' -d '{"apiVersion":"v1","kind":"Pod","metadata":
		{"name":"web","namespace":"default","ownerReferences":[{"apiVersion":"apps/v1",
		"kind":"ReplicaSet","name":"web","uid":"1","controller":true}]},"spec":{"nodeName":"worker-1",
		"containers":[{"name":"web","image":"web"}]},"status":{"phase":"Running"}}' \
		"$api/api/v1/namespaces/default/pods"
}
# More memory: stored at once, in force after a restart that somebody approves.
grow() {
	sed -i '/^  worker-1:$/,/memory:/s/memory: 4GiB/memory: 5GiB/' "$work/etc/desired.d/home.yaml"
	wait_until 10 approve
}
approve() { "$ctl" approve vm/worker-1; }
converged() { "$ctl" wait --for=converged --timeout=1s; }

# heals WHAT HOW-BROKEN CONDITION...: times the way back, in ms.
heals() {
	local what=$1 began=$2 ms
	shift 2
	if wait_until 60 "$@"; then
		ms=$(($(now_ms) - began))
		printf 'healed  %6d ms  %s\n' "$ms" "$what"
		passed=$((passed + 1))
	else
		printf 'NOT HEALED       %s\n' "$what"
		"$ctl" status || true
		failed=$((failed + 1))
	fi
}

# A break that does not break would prove nothing.
breaks() {
	local out
	out=$("$@" 2>&1) || die "could not break it: $*: $out"
}

start_home
began=$(now_ms)
pools="$api/apis/metallb.io/v1beta1/namespaces/metallb-system/ipaddresspools"
heals 'the whole home, from nothing' "$began" converged

began=$(now_ms)
breaks virsh -c "$uri" destroy worker-1
heals 'a VM destroyed (virsh destroy worker-1)' "$began" domain_runs worker-1

host=$(virsh -c "$uri" net-dumpxml default 2>/dev/null | sed -n "s/^ *\(<host .*name='worker-2'.*\)/\1/p")
began=$(now_ms)
breaks virsh -c "$uri" net-update default delete ip-dhcp-host "$host" --live
heals 'a reservation removed (virsh net-update delete)' "$began" lease_is 192.168.122.12

began=$(now_ms)
breaks virsh -c "$uri" net-destroy default
heals 'the network stopped (virsh net-destroy default)' "$began" network_runs

began=$(now_ms)
breaks curl -sf -X DELETE "$pools/default-pool"
heals 'a pool deleted (curl -X DELETE)' "$began" pool_has 192.168.122.100-192.168.122.150

began=$(now_ms)
breaks curl -sf -X PATCH -H 'Content-Type: application/merge-patch+json' \
	-d '{"spec":{"addresses":["192.168.122.200-192.168.122.210"]}}' "$pools/default-pool"
heals 'a pool edited by hand (curl -X PATCH)' "$began" pool_has 192.168.122.100-192.168.122.150

breaks pod
began=$(now_ms)
breaks grow
heals 'more memory for a node: drained, restarted, given back' "$began" rolled '5242880 KiB'

stop_api
began=$(now_ms)
start_api
heals 'the API server restarted' "$began" converged

stop_libvirtd
began=$(now_ms)
start_libvirtd
hold_libvirtd
heals 'libvirtd killed and started again, empty' "$began" all_run
wait_until 60 converged || true

say
"$ctl" status
say
say "$passed healed, $failed not"
[ "$failed" = 0 ]
