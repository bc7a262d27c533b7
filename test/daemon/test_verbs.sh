#!/usr/bin/env bash
# Every command of homek8sctl and every option: what it prints where, and how it ends. The
# JSON of the status is held against the design, key by key and word by word.
# shellcheck disable=SC2016,SC2034 # conditions are evaluated when they are checked
set -u
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

lines() { [ "$(wc -l <<<"$out")" = "$1" ]; }
silent() { [ -z "$err" ]; }
talk_only() { [ -z "$out" ] && [ -n "$err" ]; }
json() { exits "$1" ctl "${@:3}" -o json && silent && answers "$2" <<<"$out"; }

verbs='status list describe plan diff validate reconcile reload pause resume approve wait events
	explain example call version help'

every_verb() {
	local verb usage=
	check 'help: every command, and no other' \
		'exits 0 ctl help && [ "$(ctl help -o name | xargs)" = "$(xargs <<<"$verbs")" ]'
	for verb in $verbs; do
		usage=$usage"exits 0 ctl $verb --help && has 'homek8sctl $verb' && silent && "
	done
	check '--help of each, on stdout' "$usage true"
	usage=
	for verb in $verbs; do
		usage=$usage"exits 2 ctl $verb --nonsense && talk_only && "
		usage=$usage"exits 2 ctl $verb a b c d && talk_only && "
	done
	check 'unknown options and too many arguments: exit 2, on stderr' "$usage true"
	check 'a word that is near a command' \
		'exits 2 ctl stats && has "no command \"stats\"; did you mean status?" && talk_only'
	check 'a word that is near none' 'exits 2 ctl frobnicate && has "see \`homek8sctl help\`"'
	check 'an option that is of no use is refused, not ignored' \
		'exits 2 ctl reload -o json && has "reload takes no --output" && exits 2 ctl plan -w &&
		exits 2 ctl version --no-headers && exits 2 ctl status -o xml && exits 2 ctl events --reason=x'
	check 'no arguments: status' 'exits 0 ctl && has "converged: all 12 objects" && silent'
}

status_as_designed() {
	check 'status -o json: the keys of the whole' 'json 0 "
		(.verdict | IN(\"converged\", \"converging\", \"degraded\", \"blocked\", \"paused\", \"unknown\")) and
		(.sources | keys == [\"config\", \"kubernetes\", \"libvirt\"]) and
		(.objects | type == \"array\" and length == 12) and
		(.findings | type == \"array\" and length == 1)" status'
	check 'status -o json: sources.config' 'json 0 ".sources.config |
		(.state | IN(\"ok\", \"error\")) and (.generation | type == \"number\" and . >= 1) and
		has(\"error\") and .error == null" status'
	check 'status -o json: sources.libvirt' 'json 0 ".sources.libvirt |
		(.state | IN(\"connected\", \"connecting\", \"unresponsive\", \"down\", \"off\")) and
		(.since | fromdate > 1e9) and (.detail | type == \"string\")" status'
	check 'status -o json: sources.kubernetes' 'json 0 ".sources.kubernetes |
		(.state | IN(\"connected\", \"connecting\", \"unauthorized\", \"down\", \"off\")) and
		(.since | fromdate > 1e9) and .version == \"v1.29.0\"" status'
	check 'status -o json: objects' 'json 0 "all(.objects[]; (.kind | type == \"string\") and
		(.name | type == \"string\") and (.verdict | IN(\"converged\", \"pending\", \"failing\",
		\"blocked\", \"unknown\", \"paused\")) and (.reason | type == \"string\") and
		(.since | fromdate > 1e9) and .changes == [] and has(\"error\") and .error == null and
		has(\"retry_in\") and .retry_in == null)" status'
	check 'status -o json: the kinds of the home' 'json 0 "[.objects[].kind] | unique ==
		[\"advertisement\", \"network\", \"node\", \"pool\", \"reservation\", \"vm\"]" status'
	check 'status -o json: findings' 'json 0 ".findings[0] | .id == \"pool-in-dhcp-range\" and
		(.severity | IN(\"error\", \"warning\", \"info\")) and
		.objects == [\"pool/default-pool\", \"network/default\"] and
		(.text | contains(\".2-.99, .151-.254\")) and (.fix | type == \"string\") and
		(.at | test(\"^desired.d/home.yaml:[0-9]+:[0-9]+\$\"))" status'
}

home() { sed 's/memory: 8GiB/memory: 6GiB/' "$top/conf/example/desired.d/home.yaml"; }

differences() {
	home | put desired.d/home.yaml
	fault '{"match":"PATCH","times":-1,"do":"webhook-down"}'
	quiet api DELETE "$pools/default-pool"
	check 'a difference and a failure: status' \
		'is vm/control-plane blocked memory && is pool/default-pool failing webhook' 10
	check 'status -o name: what is not as written' 'exits 0 ctl status -o name && has vm/control-plane pool/default-pool && lines 2'
	check 'status -o json: changes as text, want and have' 'json 0 ".objects[] |
		select(.name == \"control-plane\" and .kind == \"vm\") | .changes ==
		[{field: \"memory\", want: \"6GiB\", have: \"8GiB\"}]" status'
	check 'status -o json: error and retry_in, in ms' 'json 0 ".objects[] |
		select(.kind == \"pool\") | (.error | contains(\"webhook\")) and
		.retry_in > 0 and .retry_in <= 75000" status'
	check 'status: what is not converged, why, and when the next try is' \
		'exits 0 ctl status && has "vm/control-plane" memory "next try in" &&
		[[ $out != *worker-1\ *converged* ]]'
	check 'diff: exit 1, each side' 'exits 1 ctl diff && has "DESIRED" "LIVE" "PERSISTENT" &&
		[[ $out =~ vm/control-plane\ +memory\ +6GiB\ +8GiB\ +8GiB ]]'
	check 'diff -o json' 'json 1 ".objects[0] | .kind == \"vm\" and .changes ==
		[{field: \"memory\", want: \"6GiB\", live: \"8GiB\", persistent: \"8GiB\"}]" diff'
	check 'diff -o name' 'exits 1 ctl diff -o name && has vm/control-plane && ! has worker-1 2>/dev/null'
	check 'diff -o yaml' 'exits 1 ctl diff -o yaml && has "- field: memory" "want: 6GiB"'
	check 'diff --no-headers' 'exits 1 ctl diff --no-headers && [[ $out != *DESIRED* ]]'
	check 'plan: exit 1, what waits and why' \
		'exits 1 ctl plan && has "create pool default-pool" "not now:" "webhook"'
	check 'plan -o json' 'json 1 ".steps[0] | .kind == \"pool\" and .held == true and
		.disruptive == false and (.why_held | startswith(\"next try in\"))" plan'
	check 'plan -o name' 'exits 1 ctl plan -o name && [ "$out" = pool/default-pool ]'
	check 'describe: desired, live, persistent, differences, history' \
		'exits 0 ctl describe vm/control-plane && has "DESIRED" "Differences" "History" &&
		[[ $out =~ "Verdict"\ +blocked && $out =~ "Written at"\ +desired.d/home.yaml:18:5 && $out =~ memory\ +6GiB\ +8GiB\ +8GiB ]]'
	check 'describe -o json' 'json 0 ".desired.memory == \"6GiB\" and .live.memory == \"8GiB\" and
		.persistent.memory == \"8GiB\" and (.history | length) > 3 and .title == \"virtual machine\" and
		(.conditions | type == \"array\") and .steps == [] and .consent == null" describe vm/control-plane'
	check 'describe: the last error and the next try' \
		'exits 0 ctl describe pool/default-pool && has failing webhook "Next try in" "create pool"'
	no_faults
	cp "$top/conf/example/desired.d/home.yaml" "$work/etc/desired.d/home.yaml"
	quiet ctl reconcile
	check 'mended: converged' converged 10
	check 'plan: exit 0, nothing to do' 'exits 0 ctl plan && [ "$out" = "Nothing to do." ] &&
		json 0 ".steps == [] and .approvals == []" plan'
	check 'diff: exit 0, no differences' \
		'exits 0 ctl diff && [ "$out" = "No differences." ] && json 0 ".objects == []" diff'
}

lists() {
	check 'list: all objects' 'exits 0 ctl list && lines 13 && has "OBJECT" "node/worker-2"'
	check 'list KIND, singular and plural' 'exits 0 ctl list vm && lines 4 && exits 0 ctl list vms && lines 4'
	check 'list vms: the columns of the kind, filled' \
		'exits 0 ctl list vms && [[ $out =~ "ROLE"\ +"STATE"\ +"POWER"\ +"VCPUS"\ +"MEMORY" ]] &&
		[[ $out =~ control-plane\ +converged\ +[^\ ]+\ +control-plane\ +running\ +always\ +4\ +8GiB ]]'
	check 'list leases: address and MAC' 'exits 0 ctl list leases && has 192.168.122.11 52:54:00:'
	check 'list -o wide: the reason, too' 'exits 0 ctl list vms -o wide && has REASON MEMORY'
	check 'list --no-headers' 'exits 0 ctl list vms --no-headers && lines 3 && [[ $out != *OBJECT* ]]'
	check 'list -o name' 'exits 0 ctl list vms -o name &&
		[ "$(xargs <<<"$out")" = "vm/control-plane vm/worker-1 vm/worker-2" ]'
	check 'list -o json' 'json 0 ".objects | length == 3 and (.[1] | .kind == \"vm\" and
		.fields.memory == \"4GiB\" and .fields.vcpus == 2)" list vms'
	check 'list -o yaml: a MAC is a text to every reader' \
		'exits 0 ctl list leases -o yaml && [[ $out =~ mac:\ \"52:54:00: ]] && silent'
	check 'list of no kind: exit 2, and what may be meant' 'exits 2 ctl list wms && has "no kind \"wms\"; did you mean vm"'
	check 'status -o wide: converged objects, too' 'exits 0 ctl status -o wide && has "vm/worker-1"'
	check 'status -o name: what is not as written: nothing' 'exits 0 ctl status -o name && [ -z "$out" ]'
	check 'status -o yaml' 'exits 0 ctl status -o yaml && has "verdict: converged" "  libvirt:" && silent'
	check 'describe of nothing: exit 3; of no kind or no name: exit 2' \
		'exits 3 ctl describe vm/nobody && has "no vm/nobody" && exits 2 ctl describe wm/x &&
		exits 2 ctl describe worker-1 && has "expected KIND/NAME" && exits 2 ctl describe'
}

# On a terminal of 80 columns and 24 rows; what is printed ends in CR LF there.
on_terminal() { # COMMAND...
	out=$(script -qefc "stty cols 80 rows 24; TERM=xterm LC_ALL=${locale:-C.UTF-8} $ctl $*" /dev/null </dev/null)
	out=${out//$'\r'/}
}
widest() { LC_ALL=C.UTF-8 wc -L; }
plain() { sed 's/\x1b\[[0-9;]*m//g'; }
fits() { (($(plain <<<"$out" | widest) <= 80 && $(wc -l <<<"$out") <= 24)); }

terminals() {
	local verb
	for verb in status 'status -o wide' list 'list vms' 'list networks' 'describe vm/worker-1' events plan help; do
		check "on a terminal $verb fits 80 columns" \
			"on_terminal $verb; (( \$(plain <<<\"\$out\" | widest) <= 80 )) && [ -n \"\$out\" ]"
	done
	check 'status fits 24 rows' 'on_terminal status; fits'
	check 'colours on a terminal' 'on_terminal status; [[ $out == *$'"'\\e[32m'"'* ]]'
	check 'none with NO_COLOR' 'NO_COLOR=1 on_terminal status; [[ $out != *$'"'\\e'"'* ]]'
	check 'none with --color=never' 'on_terminal status --color=never; [[ $out != *$'"'\\e'"'* ]]'
	check 'none into a pipe' 'exits 0 ctl status && [[ $out != *$'"'\\e'"'* ]]'
	check 'but with --color=always' 'exits 0 ctl status --color=always && [[ $out == *$'"'\\e[32m'"'* ]]'
	check 'ASCII where the terminal knows no more' \
		'locale=C on_terminal status; ! LC_ALL=C grep -q "[^ -~]" <<<"$(plain <<<"$out")" && has "* converged"'
	check '--color=perhaps: exit 2' 'exits 2 ctl status --color=perhaps'
}

paused() { status_has '.paused != null'; }

pausing() {
	check 'pause with an end and a reason' \
		'exits 0 ctl pause --for=1h --reason="moving house" && talk_only && has "everything: paused for 1h"'
	check 'is told: the verdict, the reason, until when' 'status_has ".verdict == \"paused\" and
		.paused.reason == \"moving house\" and ((.paused.until | fromdate) - now | . > 3500 and . <= 3600)"'
	check 'in the table as well' 'exits 0 ctl status && has "moving house" "homek8sctl resume"'
	libvirt_mark
	quiet vir destroy worker-1
	check 'what it would do is told' 'is vm/worker-1 paused "moving house; would: start domain worker-1"' 5
	stays 'and not done' '[ "$(state worker-1)" = "shut off" ]' 1
	check 'resume' 'exits 0 ctl resume && has "everything: resumed"'
	check 'resumed: done' 'runs worker-1 && ! paused' 5
	check 'a pause ends by itself' 'exits 0 ctl pause --for=700ms && paused'
	check 'after its time' '! paused' 2
	check 'pause of one object' \
		'exits 0 ctl pause vm/worker-2 && has "until \`homek8sctl resume\`" && is vm/worker-2 paused'
	sleep 1
	quiet vir destroy worker-2
	quiet api DELETE "$pools/default-pool"
	check 'the others go on' 'is pool/default-pool converged && api GET "$pools/default-pool"' 5
	check 'it does not' 'is vm/worker-2 paused "would: start" && [ "$(state worker-2)" = "shut off" ]'
	stop
	start
	check 'a pause outlives a restart' 'is vm/worker-2 paused "would: start"' 5
	check 'resume of one object' 'exits 0 ctl resume vm/worker-2 && wait_for converged 5'
	check 'pause of nothing: exit 3' 'exits 3 ctl pause vm/nobody && exits 3 ctl resume vm/nobody'
	check 'pause for no time: exit 2' 'exits 2 ctl pause --for=0s && exits 2 ctl pause --for=soon && has duration'
}

waiting() {
	check 'wait: converged by default' 'exits 0 ctl wait && exits 0 ctl wait --for=converged && exits 0 ctl wait --for=ready'
	check 'wait for an object' 'exits 0 ctl wait --for=vm/worker-1=converged'
	check 'wait in vain: exit 1, how it stood' \
		'exits 1 ctl wait --for=vm/worker-1=failing --timeout=300ms && has "not so after 300ms: vm/worker-1 is converged"'
	check 'wait for nothing: exit 2' 'exits 2 ctl wait --for=peace && exits 2 ctl wait --for=vm/x=fine &&
		exits 2 ctl wait --timeout=0s'
	(sleep 0.7 && ctl pause pool/default-pool) >/dev/null 2>&1 &
	check 'wait sees it come' 'exits 0 ctl wait --for=pool/default-pool=paused --timeout=5s'
	quiet ctl resume
	quiet ctl resume pool/default-pool
	stop
	ctl wait --timeout=8s &
	waiter=$!
	sleep 0.7
	start
	check 'wait begins before the daemon does' 'wait $waiter'
}

changing() {
	check 'reconcile' 'exits 0 ctl reconcile && talk_only && exits 0 ctl reconcile vm/worker-1 && has vm/worker-1'
	check 'reconcile of nothing: exit 3' 'exits 3 ctl reconcile vm/nobody && has "no vm/nobody"'
	check 'reload: which generation' 'exits 0 ctl reload && talk_only && has "configuration generation"'
	check 'approve where nothing waits: exit 3' 'exits 3 ctl approve vm/worker-1 && has "nothing of vm/worker-1 waits"'
	check 'approve what: exit 2' 'exits 2 ctl approve && exits 3 ctl approve vm/nobody'
	check 'validate: 0; 1; a file; none' \
		'exits 0 ctl validate "$work/etc" && exits 0 ctl validate "$work/etc/desired.d/home.yaml" &&
		exits 1 ctl validate "$work/etc/kubeconfig" && exits 1 ctl validate "$work/nowhere" && has "cannot find it"'
	check 'validate --config-dir, and as JSON' 'exits 0 ctl validate --config-dir="$work/etc" &&
		json_of_validate'
}
json_of_validate() {
	ctl validate "$work/etc" -o json 2>/dev/null | answers '.errors == 0 and .findings[0].id == "pool-in-dhcp-range"'
}

learning() {
	check 'explain' 'exits 0 ctl explain && has metallb settings resync && exits 0 ctl explain vms.power &&
		has "always, on-failure or manual"'
	check 'explain of nothing: exit 1, and what may be meant' \
		'exits 1 ctl explain vms.powr && has "did you mean vms.power?"'
	check 'example' 'exits 0 ctl example && has "network:" "vms:" && silent'
	check 'version: of both' 'exits 0 ctl version && has "homek8sctl " "homek8sd " && lines 2'
	check 'help of a command; of none' 'exits 0 ctl help wait && has "--timeout" && exits 2 ctl help wayt && has "did you mean wait"'
	check 'call: a method, JSON out' 'exits 0 ctl call GetVersion && answers ".version and (.features | index(\"events\"))" <<<"$out"'
	check 'call: with parameters' 'exits 0 ctl call List "{\"kind\":\"vm\"}" && answers ".objects | length == 3" <<<"$out"'
	check 'call: by its full name' 'exits 0 ctl call org.varlink.service.GetInfo && has io.homek8s.Manager'
	check 'call: the interface describes itself' 'exits 0 ctl call org.varlink.service.GetInterfaceDescription \
		"{\"interface\":\"io.homek8s.Manager\"}" && has "method GetStatus()"'
	check 'call: no such method or interface, wrong parameters: exit 3' \
		'exits 3 ctl call Nope && has MethodNotFound && exits 3 ctl call a.b.C && has InterfaceNotFound &&
		exits 3 ctl call List "{\"kind\":5}" && has InvalidParameter && exits 3 ctl call List "{\"x\":1}" &&
		exits 3 ctl call Describe && exits 3 ctl call Reload "{\"a\":1}"'
	check 'call: no method, no JSON: exit 2' \
		'exits 2 ctl call && exits 2 ctl call List "{" && has "line 1 column" && exits 2 ctl call List "[]"'
	check 'events: oldest first; -o json; -o name' 'exits 0 ctl events && has "configuration" &&
		json 0 "[.events[].seq] | length > 5 and . == sort" events &&
		exits 0 ctl events -o name && has vm/worker-1 && ! grep -q "^\$" <<<"$out"'
}

# The sockets of a process, by which its connections are told apart.
connections() { # PID
	find "/proc/$1/fd" -lname 'socket:*' -printf '%l\n' 2>/dev/null | sort
}

follow() { # COMMAND...: sets follower; what it says comes in $work/followed
	: >"$work/followed"
	"$ctl" "$@" >"$work/followed" 2>"$work/follow.err" </dev/null &
	follower=$!
	wait_for '[ -s "$work/followed" ]' 5 >/dev/null
	followed_over=$(connections $follower)
}
followed() { wc -l <"$work/followed"; }
one_connection() {
	[ "$(connections $follower | wc -l)" = 1 ] && [ "$(connections $follower)" = "$followed_over" ]
}
unfollow() {
	kill "$follower"
	wait "$follower" 2>/dev/null
}

streaming() {
	local i
	follow status -w -o json
	for i in 1 2 3 4 5; do
		quiet ctl pause vm/worker-1 --reason="$i"
		quiet ctl resume vm/worker-1
		sleep 0.2
	done
	check 'status -w: an answer for each change, a line of JSON each' \
		'(($(followed) >= 6)) && [ "$(jq -s length "$work/followed")" = "$(followed)" ]' 5
	check 'status -w: the changes' \
		'jq -r ".objects[] | select(.name == \"worker-1\" and .kind == \"vm\") | .verdict" "$work/followed" | grep -qx paused'
	check 'status -w: all over one connection' one_connection
	unfollow
	follow list vms -w -o json
	quiet ctl pause vm/worker-1
	check 'list -w: what changes, over one connection' \
		'(($(followed) >= 2)) && tail -1 "$work/followed" | answers ".objects[] | select(.name == \"worker-1\") | .verdict == \"paused\"" && one_connection' 5
	unfollow
	quiet ctl resume vm/worker-1
	follow events -w -o json
	quiet ctl reconcile vm/worker-2
	check 'events -w: each once, a line of JSON each, over one connection' \
		'tail -1 "$work/followed" | answers ".action == \"reconcile\" and .name == \"worker-2\"" &&
		jq -s "[.[].seq] | . == (sort | unique)" "$work/followed" | grep -qx true && one_connection' 5
	stop
	check 'events -w: says that the daemon has gone' 'grep -q "waiting for it to come back" "$work/follow.err"' 5
	start
	check 'events -w: goes on with the next one' 'grep -q "is back" "$work/follow.err" &&
		tail -1 "$work/followed" | answers ".seq > 0" && grep -q "is ready" "$work/followed"' 5
	check 'events -w: none twice' 'jq -s "[.[].seq] | . == (sort | unique)" "$work/followed" | grep -qx true'
	unfollow
	follow call GetStatus -w
	check 'call -w: streams what streams' 'grep -q verdict "$work/followed" && one_connection'
	unfollow
	follow status -w
	check 'status -w as text' 'grep -q "all 12 objects" "$work/followed"'
	unfollow
}

denied() {
	if [ "$(id -u)" = 0 ]; then
		chmod 666 "$HOMEK8S_SOCKET"
		check 'everyone who may connect may read' 'exits 0 as_nobody status && has "12 objects"'
		check 'who may not change anything: exit 5' 'for verb in reconcile reload pause resume "approve vm/worker-1"; do
			exits 5 as_nobody $verb && has "permission denied" || exit 1; done'
		check 'nor did it' 'converged && ! paused'
		chmod 600 "$HOMEK8S_SOCKET"
		check 'who may not connect: exit 5' 'exits 5 as_nobody status && has "permission denied"'
	else
		chmod 000 "$HOMEK8S_SOCKET"
		check 'who may not connect: exit 5' 'exits 5 ctl status && has "permission denied"'
		chmod 600 "$HOMEK8S_SOCKET"
	fi
}
as_nobody() {
	timeout 10 setpriv --reuid=65534 --regid=65534 --clear-groups "$ctl" "$@"
}

daemon_down() {
	local verb
	stop
	for verb in status list 'describe vm/x' plan diff reconcile reload pause resume 'approve vm/x' \
		'wait --timeout=300ms' events 'call GetStatus' 'status -w' 'events -w'; do
		check "daemon down, $verb: exit 4, and what to look at" \
			"exits 4 ctl $verb && talk_only && has 'systemctl status homek8sd'"
	done
	check 'daemon down: what needs none' 'exits 0 ctl version && exits 0 ctl help && exits 0 ctl example &&
		exits 0 ctl explain && exits 0 ctl validate "$work/etc"'
	check '--socket: another one' 'exits 4 ctl status --socket=/nowhere/sock && has /nowhere/sock'
	start
	check '--socket goes before HOMEK8S_SOCKET' \
		'HOMEK8S_SOCKET=/nowhere exits 0 ctl status --socket="$HOMEK8S_SOCKET"'
	kill -STOP "$daemon_pid"
	check 'a daemon that does not answer: exit 4 after --timeout' \
		'exits 4 ctl status --timeout=400ms && has "has not answered within 400 ms"'
	kill -CONT "$daemon_pid"
}

world
settings
start
check 'converged' converged 10
every_verb
status_as_designed
differences
lists
terminals
pausing
waiting
changing
learning
streaming
denied
daemon_down
finish
