#!/usr/bin/env bash
# The promises about faults, by their numbers: P3 (one half that is gone never blocks the
# others), P4 (each fault's end is the end of its trouble) and P5 (killed at any instant).
# shellcheck disable=SC2016,SC2034 # conditions are evaluated when they are checked
set -u
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

pool=192.168.122.100-192.168.122.150
pool_is_back() { pool_is default-pool $pool; }
lease_is_back() { vir net-dumpxml default | grep -q "name='worker-2' ip='192.168.122.12'"; }
host_entry() { vir net-dumpxml default | sed -n "s/^ *\(<host .*name='$1'.*\)/\1/p"; }
generation() { ctl status -o json | jq .sources.config.generation; }

# A VM that has run for less than its minimum up-time would be started again with a delay.
break_vm() { # NAME
	sleep 1.2
	vir destroy "$1"
}
break_pool() { api DELETE "$pools/default-pool"; }
break_lease() { vir net-update default delete ip-dhcp-host "$(host_entry worker-2)"; }

# Asks for the status for as long as the fault lasts, beside everything else.
begin_watching() {
	: >"$work/watching"
	watch_status "$work/watching" >"$work/slowest" &
	watcher=$!
}
status_was_quick() { # WHAT
	rm "$work/watching"
	wait "$watcher"
	check "P3 $1: status always within $((100 * slower)) ms ($(cat "$work/slowest") at most)" \
		'[ "$(cat "$work/slowest")" -le $((100 * slower)) ]'
}

p3_broken_configuration() {
	begin_watching
	echo 'network: {bridge: [}' >>"$work/etc/desired.d/home.yaml"
	check 'P3 broken configuration: told' 'source_is config error home.yaml' 5
	heals 'P3 meanwhile a VM heals' 'break_vm worker-1' 'runs worker-1' 5
	heals 'P3 and a pool' break_pool pool_is_back 5
	status_was_quick 'broken configuration'
	cp "$top/conf/example/desired.d/home.yaml" "$work/etc/desired.d/home.yaml"
	check 'P4 configuration mended: converged' converged 60
}

# Nothing of the configuration's half but what a reload does.
reloads() {
	local before
	before=$(generation)
	quiet ctl reload && (($(generation) == before + 1))
}

p3_dead_cluster() {
	begin_watching
	kill -STOP "$api_pid"
	heals 'P3 API server hangs: a VM heals' 'break_vm worker-1' 'runs worker-1' 5
	check 'P3 API server hangs: the configuration is read' reloads
	quiet ctl reconcile
	kill -KILL "$api_pid"
	wait "$api_pid" 2>/dev/null
	check 'P3 API server killed: told' 'source_is kubernetes down' 10
	heals 'P3 API server killed: a VM heals' 'break_vm worker-2' 'runs worker-2' 5
	heals 'P3 API server killed: a lease heals' break_lease lease_is_back 5
	check 'P3 API server killed: the configuration is read' reloads
	start_api
	heals 'P4 API server back: converged' true converged 60
	fault '{"match":"/apis","times":-1,"do":"stall"}'
	fault '{"match":"/api","times":-1,"do":"end-watch"}'
	heals 'P3 API server answers nothing: a VM heals' 'break_vm worker-1' 'runs worker-1' 5
	check 'P3 API server answers nothing: the configuration is read' reloads
	status_was_quick 'dead API server'
	no_faults
	heals 'P4 API server answers again: a pool heals' break_pool pool_is_back 60
}

p3_hung_libvirtd() {
	begin_watching
	hang_libvirtd
	heals 'P3 libvirtd hangs: a pool heals' break_pool pool_is_back 5
	check 'P3 libvirtd hangs: the configuration is read' reloads
	check 'P3 libvirtd hangs: told within 20 s' 'source_is libvirt unresponsive' 20
	heals 'P3 libvirtd hangs, and is known to: a pool heals' break_pool pool_is_back 5
	check 'P3 its objects are unknown, not gone' \
		'status_has "[.objects[] | select(.kind == \"vm\") | .verdict] | unique == [\"unknown\"]"'
	check 'P3 libvirtd hangs on: the connection is given up' \
		'source_is libvirt down || source_is libvirt connecting' 30
	status_was_quick 'hung libvirtd'
	wake_libvirtd
	heals 'P4 libvirtd goes on: converged' true converged 60
}

# FAULT WHAT BEGIN CONDITION END: while it lasts it must be seen, or it was none.
fault_and_end() {
	local what=$1 begin=$2 seen=$3 end=$4
	mark
	quiet eval "$begin"
	check "P4 $what: seen" "$seen" 10
	heals "P4 $what, and its end: converged" "$end" 'converged && everything_stands' 60
}
everything_stands() { runs control-plane worker-1 worker-2 && lease_is_back && pool_is_back; }

restart_libvirtd() {
	start_libvirtd
	hold_libvirtd
	empty_libvirtd
}
kill_libvirtd() {
	exec 9>&-
	stop_libvirtd
}
failing_soon_again() { # OBJECT: the next try comes within a minute
	status_has 'any(.objects[]; "\(.kind)/\(.name)" == $object and .verdict == "failing" and
		.retry_in > 0 and .retry_in <= 60000)' --arg object "$1"
}

p4_each_fault_ends() {
	fault_and_end 'libvirtd killed' kill_libvirtd 'source_is libvirt down' restart_libvirtd
	fault_and_end 'connections reset' 'fault "{\"match\":\"\",\"times\":20,\"do\":\"reset\"}" &&
		api POST /fake/drop "{\"reset\":true}"' \
		'source_is kubernetes down' no_faults
	fault_and_end 'token refused' \
		'fault "{\"match\":\"/api\",\"times\":-1,\"do\":\"status\",\"code\":401}" && api POST /fake/drop "{}"' \
		'source_is kubernetes unauthorized' 'no_faults && touch "$work/etc/kubeconfig" && ctl reload'
	fault_and_end 'writes fail' \
		'fault "{\"match\":\"PATCH\",\"times\":-1,\"do\":\"status\",\"code\":500}" && break_pool' \
		'failing_soon_again pool/default-pool' no_faults
	fault_and_end 'kubeconfig garbled' 'cp "$work/etc/kubeconfig" "$work/kept" &&
		echo garbage >"$work/etc/kubeconfig" && ctl reload' \
		'source_is kubernetes down kubeconfig:1:1' \
		'cp "$work/kept" "$work/etc/kubeconfig" && ctl reload'
	fault_and_end 'network stopped over and over' \
		'for i in 1 2 3; do vir net-destroy default; sleep 0.3; done; vir net-destroy default' \
		'said "network/default: libvirt: stopped"' true
	fault_and_end 'state directory full of somebody else' \
		'rm -f "$work/state/state.json" && mkdir -p "$work/state/.state.json.new/x" &&
		vir destroy worker-1' 'said "the state cannot be kept on disk"' \
		'rm -r "$work/state/.state.json.new"'
}

# The header tells length and checksum; what follows must be one JSON object.
state_is_whole() {
	[ ! -e "$work/state/state.json" ] ||
		tail -n +2 "$work/state/state.json" | answers 'type == "object"'
}
random_break() {
	case $((RANDOM % 5)) in
	0) vir destroy worker-1 ;;
	1) break_lease ;;
	2) break_pool ;;
	3) vir net-destroy default ;;
	4) vir destroy worker-2 && vir undefine worker-2 ;;
	esac
}

p5_killed_at_any_instant() {
	local i whole=0
	echo "# seed $seed"
	RANDOM=$seed
	mark
	for ((i = 0; i < 20; i++)); do
		slay
		state_is_whole && whole=$((whole + 1))
		quiet random_break
		start_at_once
		sleep "0.$(printf %03d $((RANDOM % 250)))"
	done
	slay
	check 'P5 killed 20 times: the state on disk was whole each time' '((whole == 20)) && state_is_whole'
	check 'P5 no file was set aside, none is left half done' \
		'! ls -A "$work/state" | grep -E "corrupt|new$"'
	start
	heals 'P5 and converges' true 'converged && everything_stands' 60
	check 'P5 no step was done twice: none met what it had already made' \
		'! said "already exists" && ! said "existing dhcp host" && ! said "already running" &&
		! said "already active" && ! said ": Requested operation is not valid"'
	check 'P5 each VM, lease and pool is there once' \
		'[ "$(vir list --all --name | sort | xargs)" = "control-plane worker-1 worker-2" ] &&
		[ "$(vir net-dumpxml default | grep -c "<host ")" = 3 ]'
	slay
	libvirt_mark
	api_mark
	start
	check 'P5 the next start has nothing to do' \
		'converged && [ -z "$(libvirt_writes)$(api_writes)" ]' 10
}

# Not waiting until it answers: it is to be killed before that, too.
start_at_once() {
	"$build/homek8sd" --config-dir "$work/etc" --state-dir "$work/state" \
		--socket "$HOMEK8S_SOCKET" </dev/null >>"$log" 2>&1 &
	daemon_pid=$!
}

seed=${SEED:-$$}
world
settings
start
check 'converged' converged 10
p3_broken_configuration
p3_dead_cluster
p3_hung_libvirtd
p4_each_fault_ends
p5_killed_at_any_instant
finish
