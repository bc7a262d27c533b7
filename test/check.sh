#!/usr/bin/env bash
# check.sh all|quick|threads|fuzz: runs the tests of a level, shows those that fail and what was
# skipped and why, and ends with one line of counts. A test is a program that prints its own
# counts, "N passed, N failed" or check's summary; exit 77 means skipped.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
build=${BUILD:-build}
export BUILD=$build
level=${1:-all}
logs=$build/logs
mkdir -p "$logs"
rm -f "$logs"/*.counts
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
	"$@" >"$log" 2>&1 </dev/null
	status=$?
	finish "$name" "$log" $status $(($(date +%s%3N) - began)) >"$log.line"
	cat "$log.line"
}

# Tests wait far more than they compute: several run at a time.
run() { # NAME COMMAND...
	while [ "$(jobs -rp | wc -l)" -ge "$at_a_time" ]; do
		wait -n
	done
	one "$@" &
}

each() { # PATTERN: every built test program of that name
	local program
	for program in "$build"/test/$1; do
		[ -x "$program" ] && run "$(basename "$program")" "$program"
	done
}

script() { # NAME FILE ARGS...
	[ -e "$2" ] && run "$@"
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
	each test_kube
	each test_control
	each test_host
	each test_executor
}

embedded() {
	script fake-apiserver test/fake/selftest.sh
	script fake-resources test/fake/test_resources.py
	script tour test/run/tour.sh
	[ "$level" = all ] && script sim-planted test/sim/test_planted.py
	local file
	for file in test/daemon/test_* test/frame/test_*.py; do
		script "daemon-$(basename "${file%.*}" | sed s/test_//)" "$file"
	done
}

# The API server is built once, which takes minutes; every later run finds it in the cache.
real() {
	local file
	if [ "$(id -u)" = 0 ]; then
		test/real/build-apiserver.sh >"$logs/build-apiserver.log" 2>&1 ||
			tail -5 "$logs/build-apiserver.log"
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
wait
read -r passed failed skipped < <(cat "$logs"/*.counts | awk '
	{ p += $1; f += $2; s += $3 } END { print p + 0, f + 0, s + 0 }')
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
