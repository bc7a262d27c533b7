#!/bin/bash
# The address a guest has given itself: its agent says it to libvirt, and list and describe
# show it. An agent that stops answering delays nothing. Exits 77 where the lab cannot run.
# shellcheck disable=SC2016 # conditions in single quotes are evaluated later
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
if [[ -z ${LAB:-} ]]; then exec "$here/lab.sh" run "$here/test_agent.sh"; fi
# shellcheck source-path=SCRIPTDIR source=lab-functions.sh
. "$LAB_FUNCTIONS"
# shellcheck source-path=SCRIPTDIR source=daemon.sh
. "$here/daemon.sh"
[[ -n ${LAB_GUEST:-} ]] || { echo "SKIP agent: the guest could not be made"; exit 77; }
[[ -x $programs/homek8sd ]] || { echo "SKIP agent: no $programs/homek8sd"; exit 77; }

daemon_home "$LAB/daemon"
put_file homek8s.yaml <<-'END'
	kubernetes: {mode: "off"}
	first_start: converge
	vm: {minimum_uptime: 1s}
END
# Nothing leases it an address.
put_file desired.d/home.yaml <<-END
	network: {name: default, address: 192.168.122.1/24}
	vms:
	  router:
	    type: qemu
	    vcpus: 1
	    memory: 128MiB
	    state: running
	    boot:
	      kernel: $(guest_kernel)
	      initrd: $(guest_initrd)
	      cmdline: console=ttyS0 quiet panic=1 guest.name=router guest.own=192.168.122.77
END
daemon_start
check "a guest with an agent runs" 'is vm/router converged && is network/default converged' 60
check "list shows the address it has given itself" \
	'[[ $(ctl list vms -o json | jq -r ".objects[0].fields.address") == 192.168.122.77 ]]' 90
check "describe has all of its interfaces, without those of the link" \
	'[[ $(ctl describe vm/router -o json | jq -c .running.addresses) == \
		"[\"2001:db8::7\",\"192.168.122.77\"]" ]]'
virsh -q destroy router
check "one that was started anew is asked anew" \
	'is vm/router converged && [[ $(ctl list vms -o json |
		jq -r ".objects[0].fields.address") == 192.168.122.77 ]]' 90

# qemu does not run: whoever asks the agent of libvirt now waits.
kill -STOP "$(qemu_pid router)"
ask_status 4 &
ctl reconcile >/dev/null
wait $!
status_answered "an agent that does not answer: status answers"
kill -CONT "$(qemu_pid router)"
check "and all is as written" 'is vm/router converged && is network/default converged' 60
daemon_stop
summary
