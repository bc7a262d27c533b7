# shellcheck shell=bash
# home.sh: a private home to play with, sourced by run.sh and tour.sh: a libvirtd that serves
# libvirt's test driver (nothing real is defined or started), the project's own API server on
# loopback, and homek8sd on the example configuration. Everything lives in one temporary
# directory and ends with the script.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=${BUILD:-$top/build}
work=$(mktemp -d "${TMPDIR:-/tmp}/homek8s.XXXXXX")
export HOMEK8S_SOCKET=$work/homek8s.sock
uri="test+unix:///default?socket=$work/libvirt/libvirt-sock"
ctl="$build/homek8sctl"
api=
api_options=() # more of fake-apiserver's

say() { printf '%s\n' "$*"; }
die() {
	say "$*" >&2
	exit 1
}

# wait_until SECONDS COMMAND...: polls every 50 ms; false when the time is over.
wait_until() {
	local until=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$until" ] || return 1
		sleep 0.05
	done
}

now_ms() { date +%s%3N; }

libvirtd_conf() {
	mkdir -p "$work/libvirt" "$work/xdg"
	chmod 755 "$work" "$work/libvirt"
	cat >"$work/libvirt/libvirtd.conf" <<-END
		unix_sock_dir = "$work/libvirt"
		auth_unix_ro = "none"
		auth_unix_rw = "none"
		log_outputs = "3:file:$work/libvirt/libvirtd.log"
	END
}

# As root libvirtd gets mount, network and process namespaces of its own and empty directories,
# so that it neither finds nor starts anything of this machine.
libvirtd_in_namespace() {
	# shellcheck disable=SC2016 # the inner shell expands it
	exec unshare --mount --net --pid --fork --kill-child bash -c '
		for dir in /run /etc/libvirt /var/lib/libvirt /var/cache/libvirt /var/log/libvirt; do
			mkdir -p "$dir" && mount -t tmpfs none "$dir"
		done
		mount -t proc proc /proc
		exec libvirtd --config "$1/libvirt/libvirtd.conf"' - "$work"
}

start_libvirtd() {
	rm -f "$work"/libvirt/libvirt-*sock
	if [ "$(id -u)" = 0 ]; then
		(libvirtd_in_namespace) >>"$work/libvirtd.out" 2>&1 &
	else
		XDG_RUNTIME_DIR=$work/xdg XDG_CONFIG_HOME=$work/xdg XDG_CACHE_HOME=$work/xdg \
			libvirtd --config "$work/libvirt/libvirtd.conf" >>"$work/libvirtd.out" 2>&1 &
	fi
	libvirtd_pid=$!
	wait_until 20 virsh -c "$uri" version || die "libvirtd did not start; see $work/libvirtd.out"
}

# The test driver forgets everything when its last client leaves: this one stays. It has
# come when it answers.
hold_libvirtd() {
	mkfifo "$work/hold" 2>/dev/null || true
	virsh -c "$uri" <"$work/hold" >"$work/held" 2>&1 &
	exec 9>"$work/hold"
	echo uri >&9
	wait_until 10 grep -qF "$uri" "$work/held" || die "libvirtd does not answer"
}

# The test driver begins with a domain and a network of its own; the tour begins with nothing.
empty_libvirtd() {
	{
		virsh -c "$uri" destroy test
		virsh -c "$uri" undefine test
		virsh -c "$uri" net-destroy default
		virsh -c "$uri" net-undefine default
	} >/dev/null 2>&1 || true
}

stop_libvirtd() {
	pkill -KILL -P "$libvirtd_pid" 2>/dev/null || true
	kill -KILL "$libvirtd_pid" 2>/dev/null || true
	wait "$libvirtd_pid" 2>/dev/null || true
}

start_api() {
	"$build/fake-apiserver" --listen "127.0.0.1:${api_port:-0}" --seed home \
		--state "$work/cluster.json" "${api_options[@]}" >"$work/api.out" 2>&1 &
	api_pid=$!
	wait_until 10 grep -q 'listening on' "$work/api.out" || die "the API server did not start"
	api=$(sed -n 's/^listening on //p' "$work/api.out")
	api_port=${api##*:}
}

stop_api() {
	kill "$api_pid" 2>/dev/null || true
	wait "$api_pid" 2>/dev/null || true
}

write_config() {
	mkdir -p "$work/etc/desired.d" "$work/state"
	cp "$top/conf/example/desired.d/home.yaml" "$work/etc/desired.d/"
	cat >"$work/etc/homek8s.yaml" <<-END
		libvirt:
		  uri: "$uri"
		kubernetes:
		  mode: "on"
		resync: 2s
		vm:
		  minimum_uptime: 1s
	END
	cat >"$work/etc/kubeconfig" <<-END
		apiVersion: v1
		kind: Config
		current-context: home
		contexts: [{name: home, context: {cluster: home, user: me}}]
		clusters: [{name: home, cluster: {server: "$api"}}]
		users: [{name: me, user: {}}]
	END
	chmod 600 "$work"/etc/*.yaml "$work/etc/kubeconfig" "$work"/etc/desired.d/*.yaml
}

start_daemon() {
	"$build/homek8sd" --config-dir "$work/etc" --state-dir "$work/state" \
		--socket "$HOMEK8S_SOCKET" >>"$work/homek8sd.out" 2>&1 &
	daemon_pid=$!
	wait_until 10 "$ctl" status || die "homek8sd did not start: $(tail -5 "$work/homek8sd.out")"
}

clean_up() {
	trap - EXIT INT TERM
	kill "${daemon_pid:-}" 2>/dev/null || true
	[ -z "${daemon_pid:-}" ] || wait "$daemon_pid" 2>/dev/null || true
	exec 9>&- || true
	[ -z "${api_pid:-}" ] || stop_api
	[ -z "${libvirtd_pid:-}" ] || stop_libvirtd
	rm -rf "$work"
}

start_home() {
	trap clean_up EXIT
	trap 'exit 130' INT TERM
	libvirtd_conf
	start_libvirtd
	hold_libvirtd
	empty_libvirtd
	start_api
	write_config
	start_daemon
}
