#!/bin/bash
# A real kube-apiserver with etcd behind it, on loopback, for tests. Certificates are made
# anew for each directory; RBAC is on; MetalLB's kinds and its namespace are there. No
# controller runs: nothing assigns Service addresses, and a deleted namespace stays.
#
#   apiserver.sh run PROGRAM [ARGS]   in its own network and process namespace; PROGRAM finds
#                                     $APISERVER_DIR and $KUBECONFIG, and all dies with it
#   apiserver.sh start DIR            here; works inside the lab (lab.sh) as well
#   apiserver.sh stop DIR             kills both servers; DIR and its data stay
#   apiserver.sh restart DIR          the API server only, same port, same data
#   apiserver.sh kill|pause|continue DIR   the API server only, by SIGKILL, SIGSTOP, SIGCONT
#   apiserver.sh blackhole DIR on|off      every packet to and from it is dropped silently
#   apiserver.sh metallb DIR          its kinds and namespace again, where they were deleted
#   apiserver.sh role DIR             user homek8sd may what conf/cluster-role.yaml grants
#   apiserver.sh compact DIR          forget history: watches from older versions get 410
#   apiserver.sh api DIR METHOD PATH [CURL ARGS]   one request as admin
#   apiserver.sh --packages           Debian packages needed
#
# DIR/kubeconfig        admin by client certificate, group system:masters
# DIR/kubeconfig-token  user homek8sd by token, without any right until it is given a role
# DIR/port, DIR/*.log   APISERVER_ARGS="--flag=x ..." is added to the command line
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
packages="etcd-server curl openssl util-linux iproute2 nftables kubernetes-client"

skip() { echo "SKIP apiserver: $*"; exit 77; }
die() { echo "apiserver: $*" >&2; exit 1; }

make_cert() { # NAME SUBJECT EXTENSIONS
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "$2" \
		-keyout "$1.key" -out "$1.csr" 2>/dev/null
	openssl x509 -req -in "$1.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -days 30 \
		-extfile <(echo "$3") -out "$1.crt" 2>/dev/null
}

make_pki() { # DIR
	mkdir -p "$1/pki"
	cd "$1/pki"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 \
		-subj /CN=test-ca -keyout ca.key -out ca.crt 2>/dev/null
	make_cert server /CN=kube-apiserver \
		"subjectAltName=IP:127.0.0.1,IP:10.96.0.1,DNS:localhost,DNS:kubernetes.default.svc"
	make_cert admin /O=system:masters/CN=admin "extendedKeyUsage=clientAuth"
	openssl ecparam -genkey -name prime256v1 -noout -out sa.key
	openssl rand -hex 16 >token
	echo "$(cat token),homek8sd,homek8sd" >tokens.csv
	cd - >/dev/null
}

kubeconfig() { # DIR USER-LINES
	cat <<-END
		apiVersion: v1
		kind: Config
		current-context: test
		contexts:
		- {name: test, context: {cluster: test, user: test}}
		clusters:
		- name: test
		  cluster:
		    server: https://127.0.0.1:$(cat "$1/port")
		    certificate-authority-data: $(base64 -w0 "$1/pki/ca.crt")
		users:
		- name: test
		  user:
		$2
	END
}

write_kubeconfigs() { # DIR
	kubeconfig "$1" "    client-certificate-data: $(base64 -w0 "$1/pki/admin.crt")
    client-key-data: $(base64 -w0 "$1/pki/admin.key")" >"$1/kubeconfig"
	kubeconfig "$1" "    token: $(cat "$1/pki/token")" >"$1/kubeconfig-token"
}

free_port() {
	local p
	while :; do
		p=$((20000 + RANDOM % 10000))
		if ! (: </dev/tcp/127.0.0.1/$p) 2>/dev/null; then break; fi
	done
	echo $p
}

running() { # DIR PROGRAM: prints its process id
	local pid
	pid=$(cat "$1/$2.pid" 2>/dev/null) && [[ $(cat "/proc/$pid/comm" 2>/dev/null) == "$2" ]] &&
		echo "$pid"
}

spawn() { # DIR PROGRAM-NAME COMMAND...
	local dir=$1 name=$2
	shift 2
	setsid "$@" </dev/null >>"$dir/$name.log" 2>&1 &
	echo $! >"$dir/$name.pid"
	disown
}

end() { # DIR PROGRAM SIGNAL
	local pid i
	pid=$(running "$1" "$2") || return 0
	kill -"$3" "$pid"
	for ((i = 0; i < 60; i++)); do
		running "$1" "$2" >/dev/null || return 0
		sleep 0.05
	done
	kill -KILL "$pid"
}

start_etcd() { # DIR
	local client peer
	client=http://127.0.0.1:$(cat "$1/port-etcd")
	peer=http://127.0.0.1:$(cat "$1/port-peer")
	spawn "$1" etcd etcd --name=t --data-dir="$1/etcd" --logger=zap --log-level=error \
		--listen-client-urls="$client" --advertise-client-urls="$client" \
		--listen-peer-urls="$peer" --initial-advertise-peer-urls="$peer" \
		--initial-cluster="t=$peer"
}

start_server() { # DIR
	local extra pki=$1/pki
	read -ra extra <<<"${APISERVER_ARGS:-}"
	spawn "$1" kube-apiserver "$1/kube-apiserver" --bind-address=127.0.0.1 \
		--advertise-address=127.0.0.1 --secure-port="$(cat "$1/port")" --endpoint-reconciler-type=none \
		--etcd-servers="http://127.0.0.1:$(cat "$1/port-etcd")" --cert-dir="$1" \
		--tls-cert-file="$pki/server.crt" --tls-private-key-file="$pki/server.key" \
		--client-ca-file="$pki/ca.crt" --token-auth-file="$pki/tokens.csv" \
		--service-account-issuer=https://kubernetes.default.svc \
		--service-account-key-file="$pki/sa.key" \
		--service-account-signing-key-file="$pki/sa.key" \
		--service-cluster-ip-range=10.96.0.0/12 --authorization-mode=RBAC \
		--disable-admission-plugins=ServiceAccount "${extra[@]}"
	wait_ready "$1"
}

wait_ready() { # DIR
	local i
	for ((i = 0; i < 600; i++)); do
		if ! running "$1" kube-apiserver >/dev/null || ! running "$1" etcd >/dev/null; then
			# A program that was started this instant still bears the shell's name.
			((i > 20)) && break
		fi
		if api "$1" GET /readyz -m 5 >/dev/null 2>&1; then return; fi
		sleep 0.1
	done
	tail -n 5 "$1"/*.log >&2
	stop "$1"
	die "the server did not become ready"
}

api() { # DIR METHOD PATH [CURL ARGS]
	local dir=$1 method=$2 path=$3
	shift 3
	curl -sS --fail-with-body --noproxy '*' --cacert "$dir/pki/ca.crt" \
		--cert "$dir/pki/admin.crt" --key "$dir/pki/admin.key" \
		-X "$method" "$@" "https://127.0.0.1:$(cat "$dir/port")$path"
}

apply() { # DIR PATH: server-side, the object comes on standard input
	api "$1" PATCH "$2?fieldManager=test&force=true" --data-binary @- \
		-H 'Content-Type: application/apply-patch+yaml' >/dev/null
}

document() { # FILE N
	awk -v n="$2" '/^---$/ { d++; next } d == n' "$1"
}

install_metallb() { # DIR
	local crds=/apis/apiextensions.k8s.io/v1/customresourcedefinitions i kind
	local file=$here/metallb-crds.yaml
	document "$file" 0 | apply "$1" $crds/ipaddresspools.metallb.io
	document "$file" 1 | apply "$1" $crds/l2advertisements.metallb.io
	document "$file" 2 | apply "$1" $crds/bgpadvertisements.metallb.io
	document "$file" 3 | apply "$1" /api/v1/namespaces/metallb-system
	for kind in ipaddresspools l2advertisements bgpadvertisements; do
		for ((i = 0; i < 100; i++)); do
			if api "$1" GET /apis/metallb.io/v1beta1/$kind >/dev/null 2>&1; then break; fi
			sleep 0.1
		done
	done
}

grant_role() { # DIR
	local file=$here/../../conf/cluster-role.yaml i text kind name namespace
	for ((i = 0; ; i++)); do
		text=$(document "$file" $i)
		[[ -n $text ]] || break
		kind=$(sed -n 's/^kind: //p' <<<"$text")
		name=$(sed -n '/^metadata:/,/^[a-l]/s/^  name: //p' <<<"$text" | head -1)
		namespace=$(sed -n 's/^  namespace: //p' <<<"$text")
		apply "$1" "/apis/rbac.authorization.k8s.io/v1/${namespace:+namespaces/$namespace/}${kind,,}s/$name" <<<"$text"
	done
}

start() { # DIR
	local port
	mkdir -p "$1"
	if [[ ! -f $1/pki/tokens.csv ]]; then make_pki "$1"; fi
	for port in port port-etcd port-peer; do
		[[ -f $1/$port ]] || free_port >"$1/$port"
	done
	ln -sfn "$binary" "$1/kube-apiserver"
	write_kubeconfigs "$1"
	start_etcd "$1"
	start_server "$1"
	install_metallb "$1"
}

stop() { # DIR
	end "$1" kube-apiserver KILL
	end "$1" etcd KILL
}

# Only where no way leads out: a rule on the host would outlive a killed test.
blackhole() { # DIR on|off
	local port
	port=$(cat "$1/port")
	[[ -z $(ip route show default) ]] || die "blackhole needs a network namespace of its own"
	nft delete table inet blackhole 2>/dev/null || true
	if [[ $2 == off ]]; then return; fi
	nft -f - <<-END
		table inet blackhole {
			chain in {
				type filter hook input priority 0
				tcp dport $port drop
				tcp sport $port drop
			}
		}
	END
}

compact() { # DIR
	local url revision
	url=http://127.0.0.1:$(cat "$1/port-etcd")
	revision=$(curl -sS --noproxy '*' "$url/v3/maintenance/status" -d '{}' |
		sed -n 's/.*"revision":"\([0-9]*\)".*/\1/p')
	curl -sS --noproxy '*' "$url/v3/kv/compaction" -d "{\"revision\":\"$revision\"}" >/dev/null
}

check_needs() {
	local p
	for p in etcd curl openssl ip nft setsid; do
		command -v "$p" >/dev/null || skip "no $p; packages needed: $packages"
	done
	binary=$("$here/build-apiserver.sh" --cached) ||
		skip "no kube-apiserver; build it with $here/build-apiserver.sh"
}

own_world() { # PROGRAM ARGS
	local how=(--net --mount --pid --ipc --fork --kill-child --mount-proc)
	if [[ $(id -u) != 0 ]]; then how+=(--user --map-root-user); fi
	unshare "${how[@]}" true 2>/dev/null || skip "may not make namespaces: needs a machine, or a privileged container"
	# Death passes down: of this shell to unshare, and of unshare to the whole world.
	setpriv --pdeathsig KILL unshare "${how[@]}" "$0" inside "$@"
}

inside() { # PROGRAM ARGS: as process 1 of the new world
	mount -t tmpfs lab /run
	ip link set lo up
	export APISERVER_DIR=/run/apiserver
	export KUBECONFIG=$APISERVER_DIR/kubeconfig
	start "$APISERVER_DIR"
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	"$@"
}

usage() { sed -n 's/^#   apiserver/usage: apiserver/p' "$0" >&2; exit 2; }

verb=${1:-}
if [[ $verb == --packages ]]; then
	echo "$packages"
	exit
fi
[[ $# -ge 2 ]] || usage
shift
case $verb in
run) check_needs; own_world "$@" ;;
inside) [[ $$ == 1 ]] || usage; check_needs; inside "$@" ;;
start) check_needs; start "$(realpath -m "$1")" ;;
stop) stop "$1" ;;
restart) end "$1" kube-apiserver TERM; start_server "$1" ;;
kill) end "$1" kube-apiserver KILL ;;
pause) kill -STOP "$(running "$1" kube-apiserver)" ;;
continue) kill -CONT "$(running "$1" kube-apiserver)" ;;
blackhole) [[ ${2:-} == on || ${2:-} == off ]] || usage; blackhole "$1" "$2" ;;
metallb) install_metallb "$1" ;;
role) grant_role "$1" ;;
compact) compact "$1" ;;
api) [[ $# -ge 3 ]] || usage; api "$@" ;;
*) usage ;;
esac
