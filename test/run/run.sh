#!/usr/bin/env bash
# run.sh: shows the example home converging from nothing on a private libvirt test driver and a
# private API server, says how to break it, and stays until Ctrl-C.
set -euo pipefail
# Ctrl-C is how this ends, and no failure.
trap 'exit 0' INT
# shellcheck source=test/run/home.sh
. "$(dirname "$0")/home.sh"

say "Starting a private libvirtd (test driver), an API server and homek8sd in $work ..."
start_home
trap 'say; say "Ending ..."; exit 0' INT
"$ctl" wait --for=converged --timeout=60s >/dev/null || {
	"$ctl" status || true
	die "the home did not converge within a minute"
}
write_shell
say
"$ctl" events
say
"$ctl" status || true
cat <<END

The home is as written in $work/etc/desired.d/home.yaml.
Break it from another terminal, and see here how it heals. First

  sh $work/shell

which opens a shell that knows this home; then, in it, what you like of

  virsh destroy worker-1
  virsh net-destroy default
  virsh net-update default delete ip-dhcp-host "<host ip='192.168.122.12'/>"
  curl -X DELETE \$pools/default-pool
  sed -i s/122.150/122.160/ \$home      # or: \$EDITOR \$home
  homek8sctl restart vm/worker-1        # drained before, given back after
  homek8sctl status; homek8sctl list vms; homek8sctl describe vm/worker-1

Ctrl-C here ends everything and leaves nothing behind.

END
# The daemon ends with Ctrl-C, too: that is no trouble.
"$ctl" events -w 9>&- 2>/dev/null &
wait "$daemon_pid" || true
die "homek8sd has ended: $(tail -5 "$work/homek8sd.out")"
