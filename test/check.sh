#!/usr/bin/env bash
# check.sh all|quick|threads|fuzz: runs the tests of a level, shows those that fail and what was
# skipped and why, and ends with one line of counts. A test is a program that prints its own
# counts, "N passed, N failed" or check's summary; exit 77 means skipped. Whoever waits sees
# how far it is: on a terminal in the last line, else once a minute.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
build=${BUILD:-build}
export BUILD=$build
level=${1:-all}
logs=$build/logs
mkdir -p "$logs"
rm -f "$logs"/*.counts "$logs"/*.running "$logs/interrupted"
PATH=$PATH:/usr/sbin:/sbin # where libvirtd lies, which is not in every user's path
at_a_time=${JOBS:-3}

# The counts in a test's output, as "PASSED FAILED"; one test of its own where it has none.
counts() {
	awk '
		/^[0-9]+%: Checks: / { gsub(",", ""); c += $3; f += $5 + $7; checks = 1 }
		match($0, /^[0-9]+ healed, [0-9]+ not/) {
			split($0, w, /[ ,]+/); p = w[1]; q = w[3]; shell = 1 }
		match($0, /[0-9]+ passed, [0-9]+ failed/) {
			split(substr($0, RSTART, RLENGTH), w, /[ ,]+/); p = w[1]; q = w[3]; shell = 1 }
		END { if (shell) print p, q; else if (checks) print c - f, f; else print 1, 0 }' "$1"
}

# What a finished test came to, in one piece: its line, what failed in it, how long it healed.
finish() { # NAME LOG STATUS MS
	local name=$1 log=$2 status=$3 took=$4 p f
	if [ "$status" = 77 ]; then
		echo "0 0 1" >"$log.counts"
		printf 'skip  %-22s %s\n' "$name" "$(tail -1 "$log")"
		return
	fi
	read -r p f < <(counts "$log")
	if [ "$status" != 0 ] && [ "$f" = 0 ]; then
		f=1
	fi
	echo "$p $f 0" >"$log.counts"
	if [ "$f" = 0 ]; then
		printf 'ok    %-22s %4d tests  %6d ms\n' "$name" "$p" "$took"
	else
		printf 'FAIL  %-22s %4d of %d tests, exit %d; %s\n' "$name" "$f" $((p + f)) "$status" "$log"
		grep -aE '^not ok|:[EF]:|ERROR: |WARNING: |NOT HEALED|runtime error' "$log" | head -20
		tail -25 "$log" | sed 's/^/    /'
	fi
	grep -aE '^healed|^ok .*heal.*\([0-9]+ ms\)' "$log" | sed 's/^/      /' || true
}

one() { # NAME COMMAND...
	local log=$logs/$1.log name=$1 began status
	shift
	began=$(date +%s%3N)
	echo "$began" >"$log.running"
	"$@" >"$log" 2>&1 </dev/null
	status=$?
	rm -f "$log.running"
	if [ -e "$logs/interrupted" ]; then return; fi
	finish "$name" "$log" $status $(($(date +%s%3N) - began)) >"$log.line"
	printf '%s%s\n' "$erase" "$(cat "$log.line")"
}

# How long, and what is running since when.
progress() {
	local file now
	now=$(date +%s)
	printf '%d:%02d' $((SECONDS / 60)) $((SECONDS % 60))
	for file in "$logs"/*.running; do
		[ -s "$file" ] || continue
		printf ', %s %d s' "$(basename "$file" .log.running)" $((now - $(cat "$file") / 1000))
	done 2>/dev/null
}

show_progress() {
	local never
	exec {never}<> <(:) # nothing comes: this waits without a process of its own
	while ! read -rt "$interval" -u "$never"; do
		if [ -n "$erase" ]; then
			printf '%s%s' "$erase" "$(progress | cut -c "1-$(($(tput cols 2>/dev/null || echo 80) - 1))")"
		else
			echo "after $(progress)"
		fi
	done
}

erase=
interval=60
if [ -t 1 ] && [ "${TERM:-dumb}" != dumb ]; then
	erase=$'\r\e[K'
	interval=1
fi

# Tests wait far more than they compute: several run at a time.
run() { # NAME COMMAND...
	while [ "${#running[@]}" -ge "$at_a_time" ]; do
		wait_one
	done
	one "$@" &
	running[$!]=1
}

declare -A running=()
wait_one() {
	local ended
	wait -n -p ended "${!running[@]}"
	[ -z "${ended:-}" ] || unset "running[$ended]"
}

each() { # PATTERN: every built test program of that name
	local program
	for program in "$build"/test/$1; do
		[ -x "$program" ] && run "$(basename "$program")" "$program"
	done
}

# Where a program is missing, whose package is called the same, the test is skipped.
run_with() { # PROGRAM NAME COMMAND...
	if [ -z "$1" ] || command -v "$1" >/dev/null; then
		run "${@:2}"
	else
		run "$2" lacks "$1"
	fi
}
lacks() { # PROGRAM
	echo "no $1; as root: apt-get install -y $1"
	return 77
}

script() { # NAME FILE ARGS...
	[ -e "$2" ] && run_with "$(sed -n '1s,^#!/usr/bin/env ,,p' "$2")" "$@"
}

unit() {
	local source
	for source in test/unit/test_*.c; do
		run "$(basename "$source" .c)" "$build/test/$(basename "$source" .c)"
	done
	run golden "$build/test/golden" test/golden/*/
	run frame-golden "$build/test/frame-golden" test/frame/golden/*/
	run frame-phases "$build/test/frame-phases"
	run sim "$build/test/sim" --seeds "1-$sim_seeds" --keep-going
}

adapters() {
	local source
	for source in test/virt/test_*.c; do
		each "$(basename "$source" .c)"
	done
	run_with openssl test_kube "$build/test/test_kube"
	each test_control
	each test_host
	each test_executor
}

embedded() {
	script fake-apiserver test/fake/selftest.sh
	script fake-resources test/fake/test_resources.py
	script tour test/run/tour.sh
	script run test/run/test_run.py
	[ "$level" = all ] && script sim-planted test/sim/test_planted.py
	local file
	for file in test/daemon/test_* test/frame/test_*.py; do
		script "daemon-$(basename "${file%.*}" | sed s/test_//)" "$file"
	done
}

# The API server is built once, which takes minutes; every later run finds it in the cache.
real() {
	local file
	if [ "$(id -u)" = 0 ] && unshare --net --mount --pid --fork true 2>/dev/null &&
		! test/real/build-apiserver.sh --cached >/dev/null; then
		echo "${erase}building kube-apiserver 1.20.2, once; this takes 4 to 11 minutes"
		one build-apiserver test/real/build-apiserver.sh
	fi
	for file in test/real/test_*.sh; do
		script "real-$(basename "$file" .sh | sed s/test_//)" "$file"
	done
}

export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1}
# What libvirt's client leaves behind in GLib where its connection is lost is not ours to free.
export LSAN_OPTIONS=${LSAN_OPTIONS:-suppressions=$PWD/test/lsan.txt:print_suppressions=0}
# GLib, inside libvirt, locks with futexes that ThreadSanitizer cannot see.
export TSAN_OPTIONS=${TSAN_OPTIONS:-ignore_noninstrumented_modules=1}
export CK_DEFAULT_TIMEOUT=${CK_DEFAULT_TIMEOUT:-60}
# The simulator takes ten times as long under the sanitizers.
sim_seeds=3000
[ "$level" = quick ] && sim_seeds=300
export FAKE_APISERVER=$PWD/$build/fake-apiserver
# What tests leave behind that failed or were killed lies in here, and goes at the end. Others
# than root may enter: some tests do things as nobody.
TMPDIR=$(mktemp -d "${TMPDIR:-/tmp}/check.XXXXXX")
export TMPDIR
chmod 1777 "$TMPDIR"
trap 'rm -rf "$TMPDIR"' EXIT
# So does what programs keep for the next time; what tests build once stays where it is.
if command -v ccache >/dev/null; then
	CCACHE_DIR=$(ccache --get-config cache_dir) && export CCACHE_DIR
fi
export HOMEK8S_CACHE=${HOMEK8S_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/homek8s}
unset XDG_CACHE_HOME XDG_CONFIG_HOME XDG_DATA_HOME XDG_STATE_HOME
export HOME=$TMPDIR/home
mkdir "$HOME"
show_progress &
progress_pid=$!
# Whoever is interrupted ends what it started: tests clean up when they are asked to end.
end_all() {
	trap '' INT TERM HUP
	touch "$logs/interrupted"
	kill "$progress_pid"
	pkill -TERM -P "$(IFS=,; echo "${!running[*]}")"
	wait
	echo "${erase}interrupted"
	exit "$1"
}
trap 'end_all 130' INT
trap 'end_all 143' TERM HUP
case $level in
all)
	unit
	adapters
	embedded
	real
	;;
quick)
	unit
	adapters
	embedded
	;;
fuzz)
	for program in "$build"/fuzz/fuzz_*; do
		run "$(basename "$program")" "$program" -max_total_time="${FUZZ_SECONDS:-10}" \
			-timeout=5 -max_len=8192 -print_final_stats=1 \
			-artifact_prefix="$logs/$(basename "$program")-"
	done
	;;
threads)
	for source in test/virt/test_*.c; do
		each "$(basename "$source" .c)"
	done
	script tour test/run/tour.sh
	;;
esac
while [ "${#running[@]}" -gt 0 ]; do
	wait_one
done
kill "$progress_pid"
wait "$progress_pid" 2>/dev/null
printf '%s' "$erase"
read -r passed failed skipped < <(cat "$logs"/*.counts | awk '
	{ p += $1; f += $2; s += $3 } END { print p + 0, f + 0, s + 0 }')
printf '%d passed, %d failed, %d skipped, in %d:%02d\n' "$passed" "$failed" "$skipped" \
	$((SECONDS / 60)) $((SECONDS % 60))
[ "$failed" = 0 ]
