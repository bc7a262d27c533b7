#!/bin/bash
# A node restarted on a real API server, one that knows evictions and disruption budgets as
# policy/v1beta1 only: cordoned under our mark, drained as the budget lets it, uncordoned when it
# is Ready in another boot; the daemon killed at every phase. It has the rights of
# conf/cluster-role.yaml, and uses each of those that are not about MetalLB (test_role.sh). libvirt
# is its in-process test driver, which forgets with the daemon: a domain that comes back has another
# id there.
# Exits 77 where it cannot run.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
if [[ -z ${APISERVER_DIR:-} ]]; then exec "$here/apiserver.sh" run "$here/test_restart.sh"; fi
# shellcheck source-path=SCRIPTDIR source=daemon.sh
. "$here/daemon.sh"
[[ -x $programs/homek8sd ]] || { echo "SKIP restart: no $programs/homek8sd"; exit 77; }

dir=$APISERVER_DIR
node=/api/v1/nodes/worker-1
exclude=node.kubernetes.io/exclude-from-external-load-balancers
pods=/api/v1/namespaces/default/pods
budgets=/apis/policy/v1beta1/namespaces/default/poddisruptionbudgets

api() { timeout 60 "$here/apiserver.sh" api "$dir" "$@"; }
post() { api POST "$1" -H 'Content-Type: application/json' -d "$2"; }
merge() { api PATCH "$1" -H 'Content-Type: application/merge-patch+json' -d "$2"; }
node_has() { api GET $node | jq -en "input | $1"; }
pods_are() { [[ $(api GET $pods | jq -r '[.items[].metadata.name] | sort | join(" ")') == "$1" ]]; }
is_marked() { node_has '.spec.unschedulable and (.metadata.annotations["homek8s.io/drain"] // "" | endswith(",cordon"))'; }
is_free() { node_has '(.spec.unschedulable | not) and .metadata.annotations["homek8s.io/drain"] == null'; }
phase_is() { ctl describe vm/worker-1 -o json | jq -en --arg word "$1" 'input | .remembered.procedure.phase // "" | startswith($word)'; }

boots() { # NUMBER [NODE]: as the kubelet says it
	merge "${node%/*}/${2:-worker-1}/status" "{\"status\": {\"nodeInfo\": {\"bootID\": \"boot-$1\", \"architecture\": \"\",
		\"containerRuntimeVersion\": \"\", \"kernelVersion\": \"\", \"kubeProxyVersion\": \"\",
		\"kubeletVersion\": \"v1\", \"machineID\": \"\", \"operatingSystem\": \"\", \"osImage\": \"\",
		\"systemUUID\": \"\"}, \"conditions\":
		[{\"type\": \"Ready\", \"status\": \"True\", \"lastTransitionTime\": \"2024-01-01T00:00:00Z\"}]}}" >/dev/null
}

pod() { # NAME KIND
	post $pods "{\"apiVersion\": \"v1\", \"kind\": \"Pod\", \"metadata\": {\"name\": \"$1\",
		\"labels\": {\"app\": \"$1\"}, \"ownerReferences\": [{\"apiVersion\": \"apps/v1\",
		\"kind\": \"$2\", \"name\": \"x\", \"uid\": \"1\", \"controller\": true}]},
		\"spec\": {\"nodeName\": \"worker-1\", \"terminationGracePeriodSeconds\": 0,
		\"containers\": [{\"name\": \"c\", \"image\": \"i\"}]}}" >/dev/null
	merge "$pods/$1/status" '{"status": {"phase": "Running",
		"conditions": [{"type": "Ready", "status": "True"}]}}' >/dev/null
}

# What the disruption controller keeps.
budget_allows() { # COUNT
	local generation
	generation=$(api GET $budgets/db | jq .metadata.generation)
	merge $budgets/db/status "{\"status\": {\"observedGeneration\": $generation,
		\"disruptionsAllowed\": $1, \"currentHealthy\": 1, \"desiredHealthy\": 1,
		\"expectedPods\": 1}}" >/dev/null
}

begin() {
	daemon_home "$dir/restart"
	echo "<node/>" >"$home/libvirt.xml"
	put_file homek8s.yaml <<-END
		libvirt: {uri: "test://$home/libvirt.xml"}
		vm: {minimum_uptime: 1s}
		first_start: converge
	END
	put_file desired.d/home.yaml <<-END
		network: {name: default, address: 192.168.122.1/24}
		vms:
		  worker-1: {role: worker, vcpus: 1, memory: 128MiB, disk: {path: /1.qcow2}}
		  worker-2: {role: none, vcpus: 1, memory: 128MiB, disk: {path: /2.qcow2}}
		  worker-3: {role: none, vcpus: 1, memory: 128MiB, disk: {path: /3.qcow2}}
	END
	put_file kubeconfig <"$dir/kubeconfig-token"
	post /api/v1/nodes '{"apiVersion": "v1", "kind": "Node", "metadata": {"name": "worker-1"}}' >/dev/null
	boots 1
	pod db ReplicaSet
	pod web ReplicaSet
	pod agent DaemonSet
	post $budgets '{"apiVersion": "policy/v1beta1", "kind": "PodDisruptionBudget",
		"metadata": {"name": "db"}, "spec": {"minAvailable": 1,
		"selector": {"matchLabels": {"app": "db"}}}}' >/dev/null
	budget_allows 0
	daemon_start
	check "the home stands" "in_order vm node" 20
}

drains() {
	ctl restart vm/worker-1 2>/dev/null
	check "cordoned under our mark" is_marked 10
	check "what nothing keeps is evicted, by policy/v1beta1" "pods_are 'agent db'" 15
	check "who blocks is named" "is vm/worker-1 pending 'db waits for PodDisruptionBudget default/db'" 10
	stays "and kept" "pods_are 'agent db' && phase_is drain" 4
	daemon_kill
	check "killed: the cordon stays" is_marked
	daemon_start
	# The test driver has forgotten the domain; what is defined anew is not the one of before.
	check "the server refuses what the budget does not allow" \
		"[[ \$(api POST $pods/db/eviction -H 'Content-Type: application/json' -d '{\"apiVersion\":
		\"policy/v1beta1\", \"kind\": \"Eviction\", \"metadata\": {\"name\": \"db\"}}' 2>&1) != *Success* ]]"
	check "what was begun is taken back or goes on, and nothing stays" \
		"{ boots 2; is_free && in_order vm node; }" 60
}

whole() {
	pod web ReplicaSet 2>/dev/null || true
	budget_allows 1
	ctl restart vm/worker-1 2>/dev/null
	check "the budget allows it: all Pods but the agent are evicted" "pods_are agent" 20
	check "restarted, it waits for another boot" "is vm/worker-1 pending 'waits for node worker-1 to be Ready'" 20
	stays "as long as it is the old one" is_marked 2
	boots 3
	check "Ready, it must stay so" "phase_is settle" 10
	check "then it is uncordoned" "is_free && in_order vm node" 30
}

# MetalLB announces an address from the node, and another node could.
moves() {
	local statuses=/apis/metallb.io/v1beta1/namespaces/metallb-system/servicel2statuses
	post /apis/apiextensions.k8s.io/v1/customresourcedefinitions '{"kind": "CustomResourceDefinition",
		"apiVersion": "apiextensions.k8s.io/v1", "metadata": {"name": "servicel2statuses.metallb.io"},
		"spec": {"group": "metallb.io", "scope": "Namespaced", "names": {"kind": "ServiceL2Status",
		"plural": "servicel2statuses", "singular": "servicel2status"}, "versions": [{"name": "v1beta1",
		"served": true, "storage": true, "schema": {"openAPIV3Schema": {"type": "object",
		"x-kubernetes-preserve-unknown-fields": true}}}]}}' >/dev/null
	wait_for "api GET $statuses" 20 >/dev/null
	post $statuses '{"apiVersion": "metallb.io/v1beta1", "kind": "ServiceL2Status",
		"metadata": {"name": "l2-web"}, "status": {"node": "worker-1", "serviceName": "web",
		"serviceNamespace": "default"}}' >/dev/null
	post ${statuses%/*}/ipaddresspools '{"apiVersion": "metallb.io/v1beta1", "kind": "IPAddressPool",
		"metadata": {"name": "p"}, "spec": {"addresses": ["192.168.122.200-192.168.122.210"]}}' >/dev/null
	post /api/v1/nodes '{"apiVersion": "v1", "kind": "Node", "metadata": {"name": "laptop"}}' >/dev/null
	boots 1 laptop
	wait_for "is node/laptop converged 'Z, v1'" 10 >/dev/null || true # Ready
	ctl restart vm/worker-1 2>/dev/null
	check "it waits until another node announces the address" \
		"is vm/worker-1 pending 'it announces the address of 1 Service still: default/web'" 20
	check "which the label has MetalLB do" "node_has '.metadata.labels | has(\"$exclude\")'"
	api DELETE $statuses/l2-web >/dev/null
	check "it has moved: restarted, without waiting for its time to be over" \
		"is vm/worker-1 pending 'waits for node worker-1 to be Ready'" 10
	boots 4
	check "and the label is taken back" "is_free && in_order vm node &&
		node_has '.metadata.labels // {} | has(\"$exclude\") | not'" 40
}

foreign() {
	merge $node '{"spec": {"unschedulable": true}}' >/dev/null
	ctl restart vm/worker-1 2>/dev/null
	check "restarted though somebody has cordoned it" "phase_is ready" 30
	boots 5
	check "that cordon stays, our mark does not" "in_order vm && node_has '.spec.unschedulable and
		.metadata.annotations[\"homek8s.io/drain\"] == null'" 40
}

rights() {
	# shellcheck disable=SC2016 # a condition that check evaluates
	check "nothing that it asked for was refused" '[[ -z $(rights_refused) ]]'
	called "it has used every right but those about MetalLB's pools" \
		"$(rights_used | grep -E ' (core|policy)/|servicel2statuses')" \
		"$(rights_granted | grep -E ' (core|policy)/|servicel2statuses')"
}

api_count_calls "$dir"
"$here/apiserver.sh" role "$dir"
begin
drains
whole
moves
foreign
daemon_stop
rights
summary
