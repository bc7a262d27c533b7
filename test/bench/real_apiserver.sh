#!/bin/bash
# Beside a real API server (test/real/apiserver.sh): how long a deleted pool takes to be
# back, by homek8sd and by a bare client. Prints `name value` lines for bench.sh.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source-path=SCRIPTDIR source=../real/daemon.sh
. "$here/../real/daemon.sh"

samples=60
block=10
spacing=100
server=$(sed -n 's/^ *server: *//p' "$KUBECONFIG")
export BENCH_CA=$APISERVER_DIR/pki/ca.crt
export BENCH_CERT=$APISERVER_DIR/pki/admin.crt BENCH_KEY=$APISERVER_DIR/pki/admin.key

daemon_home /run/home
put_file kubeconfig <"$KUBECONFIG"
put_file homek8s.yaml <<-END
	libvirt: {uri: "test:///default"}
	kubernetes: {mode: "on"}
	first_start: converge
END
put_file desired.d/home.yaml <<-END
	metallb:
	  pools:
	    default-pool: {addresses: [192.168.50.100-192.168.50.150]}
END
daemon_start
wait_for 'ctl wait --for=converged --timeout=4s' 30 >/dev/null || {
	ctl status >&2
	exit 1
}
sleep 1
"$programs/test/bench_kube" "$server" delete "$daemon_pid" $samples $block $spacing
daemon_stop
