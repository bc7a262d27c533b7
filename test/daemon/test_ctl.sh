#!/usr/bin/env bash
# homek8sctl as its users meet it: exit statuses, formats, terminals and pipes, against a
# daemon on libvirt's in-process test driver, without a cluster.
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
build=$(cd "$top" && cd "${BUILD:-build}" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/homek8sctl.XXXXXX")
chmod 755 "$work"
export HOMEK8S_SOCKET=$work/s
export LC_ALL=C.UTF-8
unset NO_COLOR
ctl=$build/homek8sctl
passed=0 failed=0 daemon=

start() {
	"$build/homek8sd" --config-dir "$work/etc" --state-dir "$work/state" --socket "$work/s" \
		</dev/null >>"$work/log" 2>&1 &
	daemon=$!
	for _ in $(seq 100); do
		"$ctl" status >/dev/null 2>&1 && return
		sleep 0.05
	done
}
stop() {
	[ -z "$daemon" ] || kill "$daemon"
	wait "$daemon" 2>/dev/null
	daemon=
}
clean_up() {
	stop
	rm -rf "$work"
}
trap clean_up EXIT

check() { # WHAT COMMAND...
	local what=$1
	shift
	if "$@" >"$work/why" 2>&1; then
		passed=$((passed + 1))
		echo "ok $((passed + failed)) - $what"
	else
		failed=$((failed + 1))
		echo "not ok $((passed + failed)) - $what"
		head -20 "$work/why" | sed 's/^/#   /'
	fi
}

# exits CODE ARGS...: homek8sctl ends so; what it said is in $work/out and $work/err.
exits() {
	local want=$1 code=0
	shift
	timeout 20 "$ctl" "$@" >"$work/out" 2>"$work/err" </dev/null || code=$?
	[ "$code" = "$want" ] && return
	echo "exit $code, not $want: $*"
	cat "$work/out" "$work/err"
	return 1
}
out_has() { grep -qF -- "$1" "$work/out" || { cat "$work/out" && false; }; }
err_has() { grep -qF -- "$1" "$work/err" || { cat "$work/err" && false; }; }
says() { # CODE TEXT-ON-STDERR ARGS...
	local code=$1 text=$2
	shift 2
	exits "$code" "$@" && err_has "$text"
}
shows() { # CODE TEXT-ON-STDOUT ARGS...
	local code=$1 text=$2
	shift 2
	exits "$code" "$@" && out_has "$text"
}

# On a terminal of 24 lines and 80 columns; what is on the screen goes to $work/out.
on_terminal() {
	script -qec "stty rows 24 cols 80; TERM=xterm $ctl $*" /dev/null </dev/null |
		tr -d '\r' >"$work/out"
	# shellcheck disable=SC2016 # sed's own
	sed -E 's/\x1b\[[0-9;]*m//g' "$work/out" >"$work/plain"
}
fits() {
	on_terminal "$@"
	[ -s "$work/plain" ] && [ "$(wc -L <"$work/plain")" -le 80 ]
}
fits_screen() { fits "$@" && [ "$(wc -l <"$work/plain")" -le 24 ]; }
coloured() { grep -q $'\x1b\\[3' "$work/out"; }
plain() { ! grep -q $'\x1b' "$work/out"; }
ascii() { ! LC_ALL=C grep -q '[^ -~]' "$work/out"; }

without_a_daemon() {
	check 'status without a daemon: 4 and the next step' \
		says 4 'systemctl status homek8sd' status
	check 'wait without a daemon: 4' says 4 'homek8sd' wait --timeout=300ms
	check 'an unknown command is guessed' says 2 'did you mean status' stauts
	check 'an unknown option' exits 2 status --nonsense
	check 'an option the command does not take' says 2 'takes no --reason' list --reason=x
	check 'a format the command does not have' says 2 'no such output' validate -o name
	check 'too many arguments' says 2 'too many' status x
	check 'an object without a name' says 2 'KIND/NAME' describe vm
	check 'an object of no kind' says 2 'did you mean node' describe nodr/a
	check 'a bad duration' says 2 '--timeout' wait --timeout=soon
	check 'a bad condition' says 2 'KIND/NAME=VERDICT' wait --for=vm/a=fine
	check 'bad JSON' says 2 'call' call GetStatus '{'
	check 'version without a daemon' shows 0 'homek8sctl ' version
	check 'help' shows 0 'Exit status' help
	check 'help of a command' shows 0 '--reason' pause --help
	check 'output that cannot be written' bash -c "'$ctl' help >/dev/full; [ \$? = 3 ]"
	check 'a reader that goes away' bash -c "'$ctl' help 2>&1 | head -1 >/dev/null"
}

every_verb_has_help() {
	local verb
	for verb in $("$ctl" help -o name); do exits 0 "$verb" --help || return; done
}

configuration() {
	check 'every verb has help' every_verb_has_help
	check 'the example is good' exits 0 validate "$work/etc"
	check 'one file is validated' exits 0 validate "$work/etc/desired.d/home.yaml"
	check 'as JSON' shows 0 '"errors": 0' validate -o json --config-dir "$work/etc"
	printf 'network:\n  nmae: x\n' >"$work/bad.yaml"
	check 'a bad file: 1, the place and a caret' shows 1 ':2:3: error[' validate "$work/bad.yaml"
	check 'no such directory: 1' exits 1 validate "$work/nowhere"
	check 'explain' shows 0 'vms' explain
	check 'explain a key' shows 0 'memory' explain vms.memory
	check 'explain what is not' says 1 'did you mean' explain vms.memry
}

reading() {
	check 'wait until a VM is as written' \
		exits 0 wait --for=vm/worker-1=converged --timeout=15s
	check 'wait, not so: 1' says 1 'vm/worker-1 is converged' \
		wait --for=vm/worker-1=failing --timeout=300ms
	check 'wait for what is not there' says 1 'there is no vm/x' \
		wait --for=vm/x=converged --timeout=300ms
	check 'ready' exits 0 wait --for=ready --timeout=5s
	check 'status' shows 0 'libvirt' status
	check 'status is plain in a pipe' plain
	check 'status as JSON' shows 0 '"verdict"' status -o json
	check 'status as YAML' shows 0 'verdict: ' status -o yaml
	check 'names' shows 0 'vm/worker-1' list -o name
	check 'a list' shows 0 'MEMORY' list vms
	check 'without headers' bash -c "! '$ctl' list vms --no-headers | grep MEMORY"
	check 'a kind that is not' says 2 'it must be one of network, reservation' list nonsense
	check 'describe' shows 0 'DESIRED' describe vm/worker-1
	check 'describe what is not' says 3 'no vm/nobody' describe vm/nobody
	check 'events' shows 0 'vm/worker-1' events
	check 'plan of a home with nothing to do' exits 0 plan
	check 'diff' exits 0 diff
	check 'version of both' shows 0 'homek8sd ' version
	check 'call' shows 0 '"features"' call GetVersion
	check 'call another interface' \
		shows 0 'interface io.homek8s.Manager' call \
		org.varlink.service.GetInterfaceDescription '{"interface":"io.homek8s.Manager"}'
	check 'colours when asked for' bash -c "'$ctl' status --color=always >'$work/out'"
	check 'there they are' coloured
}

on_a_terminal() {
	local verb
	if ! command -v script >/dev/null; then
		echo '# skipped: no script(1), so no terminal'
		return
	fi
	for verb in status list 'list vms' 'describe vm/worker-1' events plan diff help; do
		check "$verb fits 80 columns" fits "$verb"
	done
	check 'status fits 24 lines' fits_screen status
	on_terminal status
	check 'colours on a terminal' coloured
	on_terminal --color=never status
	check 'none when not wanted' plain
	NO_COLOR=1 on_terminal status
	check 'none with NO_COLOR' plain
	LC_ALL=C on_terminal --color=never status
	check 'ASCII without UTF-8' ascii
}

changing() {
	check 'pause' says 0 'paused for 1h' pause vm/worker-1 --for=1h --reason='by hand'
	check 'is seen' exits 0 wait --for=vm/worker-1=paused --timeout=3s
	check 'with its reason' shows 0 'by hand' status
	check 'resume' says 0 'resumed' resume vm/worker-1
	check 'is seen, too' exits 0 wait --for=vm/worker-1=converged --timeout=3s
	check 'reconcile' exits 0 reconcile
	check 'nothing to approve: 3' exits 3 approve vm/worker-1
	check 'reload' says 0 'generation' reload
	cp "$work/bad.yaml" "$work/etc/desired.d/zz.yaml"
	check 'a bad reload: 3 and every error' says 3 'zz.yaml:2:3: error[' reload
	check 'status tells it' shows 0 'zz.yaml' status
	rm "$work/etc/desired.d/zz.yaml"
	check 'mended' exits 0 reload
}

# Every line of the stream, until the daemon is restarted and some more has come.
watching() {
	timeout 30 "$ctl" status -w -o json >"$work/states" 2>"$work/talk" &
	local status_pid=$! events_pid
	timeout 30 "$ctl" events -w -o json >"$work/events" 2>/dev/null &
	events_pid=$!
	sleep 0.5
	"$ctl" pause vm/worker-1 2>/dev/null
	sleep 0.5
	stop
	sleep 0.3
	start
	"$ctl" resume vm/worker-1 2>/dev/null
	sleep 1.5
	kill "$status_pid" "$events_pid"
	wait "$status_pid" "$events_pid" 2>/dev/null
	check 'states are JSON lines' \
		bash -c "[ \$(wc -l <'$work/states') -ge 3 ] && ! grep -v '^{.*}\$' '$work/states'"
	check 'every state is whole' bash -c "! grep -v '\"objects\":\[{\"kind\":\"network\"' '$work/states' && ! grep '\"removed\"' '$work/states'"
	check 'a change is in them' grep -q '"verdict":"paused"' "$work/states"
	check 'the restart is told' grep -q 'is back' "$work/talk"
	check 'events go on over a restart' grep -q 'resume' "$work/events"
	check 'none of them twice' bash -c "! grep -o '\"seq\":[0-9]*' '$work/events' | sort | uniq -d | grep ."
}

denied() {
	if [ "$(id -u)" != 0 ] || ! command -v setpriv >/dev/null; then
		echo '# skipped: being somebody else needs root and setpriv'
		return
	fi
	cp "$ctl" "$work/ctl"
	ctl="setpriv --reuid=65534 --regid=65534 --clear-groups $work/ctl"
	ctl_of_nobody() { # CODE ARGS
		local want=$1 code=0
		shift
		# shellcheck disable=SC2086 # a command with its options
		$ctl "$@" || code=$?
		[ "$code" = "$want" ]
	}
	chmod 660 "$work/s"
	check 'a socket one may not open: 5' ctl_of_nobody 5 status
	chmod 666 "$work/s"
	check 'reading is for who may connect' ctl_of_nobody 0 status
	check 'changing is not: 5' ctl_of_nobody 5 reload
}

mkdir -p "$work/etc/desired.d"
without_a_daemon
"$ctl" example >"$work/etc/desired.d/home.yaml"
check 'the example validates as it is' exits 0 validate "$work/etc"
# Without the cluster there is nobody to ask for pools.
sed -i '/^metallb:/,$d' "$work/etc/desired.d/home.yaml"
cat >"$work/etc/homek8s.yaml" <<'END'
libvirt: {uri: "test:///default", network_uri: "test:///default"}
kubernetes: {mode: "off"}
END
configuration
start
reading
on_a_terminal
changing
watching
denied
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
