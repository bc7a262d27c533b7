#!/usr/bin/env bash
# What goes wrong again and again must not be tried again and again at full speed: few writes,
# few log lines, and the reason in the status.
# shellcheck disable=SC2016,SC2034,SC2119 # conditions are evaluated when they are checked
set -u
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

patches() { api_writes | grep -c PATCH; }
new_lines() { tail -n "+$((log_lines + 1))" "$log" | wc -l; }

# The pool is gone, and each PATCH that would bring it back ends like this.
storm() { # WHAT FAULT REASON
	mark
	api_mark
	fault "{\"match\": \"PATCH\", \"times\": -1, \"do\": $2}"
	quiet api DELETE "$pools/default-pool"
	sleep 3
	check "$1: $(patches) writes in 3 s" '(($(patches) > 1 && $(patches) <= 10))'
	check "$1: $(new_lines) log lines" '(($(new_lines) <= 30))'
	check "$1: the status says why" "is pool/default-pool failing '$3'" 2
	no_faults
	check "$1: over, converged" converged 20
}

world
settings
start
check 'converged' converged 20
before=$(api GET "$pools/default-pool" | jq -c '.spec.addresses = ["192.168.122.200-192.168.122.210"]')
storm 'a gateway that gives up' '"status", "code": 504, "body": "gateway timeout"' 'gateway timeout'
storm 'a connection that is reset' '"reset"' 'reset by peer'
storm 'an answer nobody can read' '"garbage"' 'cannot be read'
storm 'success that changes nothing' "\"status\", \"code\": 200, \"body\": $before" 'still not as written'
stop
summary
