# shellcheck shell=bash
# For test scripts: wait for something, report what was found.
#
#   wait_for 'CONDITION' SECS      polls each 50 ms, prints the milliseconds it took; fails
#                                  when time is up; 0 seconds means: now or never
#   check WHAT 'CONDITION' [SECS]  the same as one line of the report
#   ok WHAT [MS], no WHAT          a line by hand: `ok N - what (ms)`, `not ok N - what`
#   summary                        last line `N passed, N failed`; false if any failed

now_ms() { echo $((${EPOCHREALTIME/[.,]/} / 1000)); }

# For how long somebody had to wait for a processor so far; 0 where the kernel does not say.
starved_ms() {
	local some
	read -r some </proc/pressure/cpu 2>/dev/null || some="total=0"
	some=${some##*total=}
	echo $((some / 1000))
}

# That time is added to the limit, up to five times as much as that: what a busy machine takes
# longer for is no fault.
time_is_up() { # SECONDS TOOK STARVED STARVED-BEFORE
	local limit=$(($1 * 1000))
	(($2 - ($3 - $4) >= limit || $2 >= 5 * limit))
}

wait_for() { # CONDITION SECONDS
	local start took starved
	start=$(now_ms)
	starved=$(starved_ms)
	until eval "$1" >/dev/null 2>&1; do
		took=$(($(now_ms) - start))
		if ((took >= $2 * 1000)) && time_is_up "$2" "$took" "$(starved_ms)" "$starved"; then
			echo "timed out after $took ms: $1" >&2
			return 1
		fi
		sleep 0.05
	done
	echo $(($(now_ms) - start))
}

passed=0
failed=0
ok() { # WHAT [MS]
	passed=$((passed + 1))
	echo "ok $((passed + failed)) - $1${2:+ ($2 ms)}"
}
no() { # WHAT
	failed=$((failed + 1))
	echo "not ok $((passed + failed)) - $1"
}

# Passes when CONDITION comes true within SECONDS.
check() { # WHAT CONDITION [SECONDS]
	local ms
	if ms=$(wait_for "$2" "${3:-0}"); then ok "$1" "$ms"; else no "$1"; fi
}

summary() {
	echo "$passed passed, $failed failed"
	((failed == 0))
}
