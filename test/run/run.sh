#!/usr/bin/env bash
# run.sh: shows the example home converging from nothing on a private libvirt test driver and a
# private API server, says how to break it, and stays until Ctrl-C.
set -euo pipefail
# shellcheck source=test/run/home.sh
. "$(dirname "$0")/home.sh"

say "Starting a private libvirtd (test driver), an API server and homek8sd in $work ..."
start_home
"$ctl" wait --for=converged --timeout=60s >/dev/null || {
	"$ctl" status
	die "the home did not converge within a minute"
}
say
"$ctl" events
say
"$ctl" status
cat <<END

The home is as written in $work/etc/desired.d/home.yaml.
Break it from another terminal and watch it heal here ($ctl events -w):

  virsh -c '$uri' destroy worker-1
  virsh -c '$uri' net-destroy default
  virsh -c '$uri' net-update default delete ip-dhcp-host "<host ip='192.168.122.12'/>" --live
  curl -X DELETE $api/apis/metallb.io/v1beta1/namespaces/metallb-system/ipaddresspools/default-pool
  \$EDITOR $work/etc/desired.d/home.yaml

Read it:

  export HOMEK8S_SOCKET=$HOMEK8S_SOCKET
  $ctl status; $ctl list vms; $ctl plan; $ctl describe vm/worker-1

Ctrl-C ends everything and leaves nothing behind.

END
"$ctl" events -w &
wait "$daemon_pid"
