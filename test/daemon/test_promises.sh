#!/usr/bin/env bash
# The promises of the design that need no fault to be shown, by their numbers: P1, P2 and P6
# to P10. Those about faults (P3, P4, P5) are in test_faults.sh.
# shellcheck disable=SC2016,SC2034 # conditions are evaluated when they are checked
set -u
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

# All there is in libvirt, to the byte; who sees the same twice knows that nothing changed.
everything_of_libvirt() {
	local name
	vir list --all
	for name in $(vir list --all --name); do
		vir dominfo "$name" | grep -v '^CPU time'
		vir dumpxml "$name"
		vir dumpxml --inactive "$name"
	done
	vir net-list --all
	for name in $(vir net-list --all --name); do
		vir net-info "$name"
		vir net-dumpxml "$name"
	done
	vir pool-list --all
	for name in $(vir pool-list --all --name); do vir pool-dumpxml "$name"; done
}

keep() { everything_of_libvirt >"$work/before"; }
nothing_changed() { diff "$work/before" <(everything_of_libvirt) >&2; }
wrote_nothing() { [ -z "$(libvirt_writes)$(api_writes)" ]; }
marks() { libvirt_mark && api_mark; }

home() { cat "$top/conf/example/desired.d/home.yaml"; }
write_home() { home | put desired.d/home.yaml; }
domains() { vir list --all --name | sort | xargs; }

p1_letting_go_touches_nothing() {
	local copy=$work/next-version
	keep
	marks
	stop
	check 'P1 stopped: nothing of libvirt or the cluster has changed' \
		'wrote_nothing && nothing_changed'
	start
	check 'P1 started again: converged' converged 10
	slay
	check 'P1 killed: nothing has changed' 'wrote_nothing && nothing_changed'
	mkdir "$copy"
	cp "$build/homek8sd" "$copy"
	program=$copy/homek8sd start
	check 'P1 upgraded: converged' converged 10
	check 'P1 upgraded: nothing has changed' 'wrote_nothing && nothing_changed'
	stop
	mv "$work/etc" "$work/etc.away"
	rm -rf "$copy" "$work/state"
	check 'P1 removed with its state and configuration: nothing has changed' \
		'wrote_nothing && nothing_changed'
	mv "$work/etc.away" "$work/etc"
	mkdir "$work/state"
	start
	check 'P1 installed anew, with no memory: converged' converged 10
	check 'P1 installed anew: nothing has changed' 'wrote_nothing && nothing_changed'
}

refused() { exits 3 ctl reload && has "$@"; }

p2_no_edit_destroys() {
	keep
	marks
	: >"$work/etc/desired.d/home.yaml"
	check 'P2 empty file is an error that names it' \
		"refused 'desired.d/home.yaml' 'it is empty'"
	printf '# nothing\n---\n' | put desired.d/home.yaml
	check 'P2 so is one of comments alone' "refused 'desired.d/home.yaml:'"
	rm "$work/etc/desired.d/home.yaml"
	check 'P2 so is a desired.d without files' "refused 'there is no *.yaml file in it'"
	rmdir "$work/etc/desired.d"
	check 'P2 so is none at all' "refused 'there is no such directory'"
	mkdir "$work/etc/desired.d"
	write_home
	check 'P2 what was there is back in force' 'exits 0 ctl reload'
	home | sed '/^  worker-1:$/,/disk:/d' | put desired.d/home.yaml
	check 'P2 a VM taken out is told' 'exits 0 ctl reload &&
		status_has "any(.findings[]; .id == \"vm-not-written\" and
			(.objects | index(\"vm/worker-1\")))"' 5
	home | sed '/^vms:$/,/^$/d' | put desired.d/home.yaml
	check 'P2 all VMs taken out' 'exits 0 ctl reload'
	printf 'vms: {}\n' | put desired.d/home.yaml
	check 'P2 everything taken out' 'exits 0 ctl reload'
	stays 'P2 none of it wrote anything to libvirt or the cluster' 'wrote_nothing' 3
	check 'P2 all is as it was' nothing_changed
	more='prune: true' settings
	check 'P2 everything taken out, with prune' 'exits 0 ctl reload'
	sleep 3
	check 'P2 even so no VM, disk or network was touched' \
		'[ -z "$(libvirt_writes | grep -v "^virNetworkUpdate")" ] &&
		[ "$(domains)" = "control-plane worker-1 worker-2" ] &&
		runs control-plane worker-1 worker-2'
	settings
	write_home
	exits 0 ctl reload
	check 'P2 written again: converged' converged 10
}

# Time of a processor used so far, in ms, and the most memory ever held, in KiB.
cpu_ms() { awk '{ sub(/.*\) /, ""); print ($12 + $13) * 10 }' "/proc/$daemon_pid/stat"; }
peak_kib() { awk '$1 == "VmHWM:" { print $2 }' "/proc/$daemon_pid/status"; }

repeat() { # TEXT TIMES
	awk -v text="$1" -v times="$2" 'BEGIN { while (times-- > 0) printf "%s", text }'
}

# Within the bars a sanitizer leaves room for: costs MS COMMAND... in time of the daemon.
costs() {
	local most=$1 begun
	shift
	begun=$(cpu_ms)
	"$@" || return
	took=$(($(cpu_ms) - begun))
	((took <= most * slower)) || echo "took $took ms" >&2
	((took <= most * slower))
}

bomb() { # WHAT TEXT-OF-THE-ERROR; the file on standard input
	cat >"$work/etc/desired.d/bomb.yaml"
	chmod 600 "$work/etc/desired.d/bomb.yaml"
	check "P6 $1: refused within 100 ms" "costs 100 refused '$2'"
	rm "$work/etc/desired.d/bomb.yaml"
}

yaml_of_size() { # BYTES
	local line='# sixty-three characters of comment, which say nothing at all...'
	repeat "$line"$'\n' $(($1 / 64))
	echo 'vms: {}'
}

p6_bad_configuration_is_bounded() {
	local i
	bomb 'nesting of 100,000' yaml-depth < <(repeat '[' 100000)
	bomb '12,000 directives' directive < <(repeat '%TAG !a! tag:a,2000:'$'\n' 12000)
	bomb 'aliases of aliases' 'bomb.yaml:1:4' <<-END
		a: &a [x, x, x, x, x, x, x, x, x]
		b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a]
	END
	bomb '9,000 equal keys' duplicate < <(echo 'vms:' && repeat '  a: {}'$'\n' 9000)
	bomb '9,000 wrong keys' vcpu < <(echo 'vms:' && seq -f '  vm-%.0f: {vcpu: 1}' 9000)
	bomb '40,000 values' yaml-nodes < <(echo 'vms:' && seq -f '  v%.0f: {}' 20000)
	bomb 'a text of 200,000' 'bomb.yaml:1:' < <(printf 'vms: {a: {domain: ' &&
		repeat x 200000 && echo '}}')
	bomb 'a file over 256 KiB' '262144 are allowed' < <(yaml_of_size 262144)
	bomb 'a file of 20 MB' '262144 are allowed' < <(yaml_of_size 20000000)
	bomb 'noise' bomb.yaml < <(head -c 200000 /dev/urandom)
	for ((i = 0; i < 200; i++)); do echo 'vms: {}' >"$work/etc/desired.d/many-$i.yaml"; done
	chmod 600 "$work/etc/desired.d/"*
	check 'P6 201 files: refused within 100 ms' "costs 100 refused '64 are allowed'"
	rm "$work/etc/desired.d/"many-*
	check 'P6 all is well afterwards' 'exits 0 ctl reload && converged' 5
}

# Sends standard input to the socket; prints what comes back, each answer on a line.
talk() {
	timeout 10 perl -MIO::Socket::UNIX -e '
		$SIG{PIPE} = "IGNORE";
		my $s = IO::Socket::UNIX->new(Peer => $ENV{HOMEK8S_SOCKET}) or die;
		local $/;
		my $all = <STDIN>;
		for (my $at = 0; $at < length $all; $at += $n) {
			$n = syswrite($s, $all, 65536, $at) // last;
		}
		shutdown($s, 1);
		$all = "";
		while (sysread($s, my $part, 65536)) { $all .= $part }
		print $all =~ tr/\0/\n/r;'
}

call_with() { printf '{"method":"io.homek8s.Manager.GetVersion","parameters":%s}\0' "$1"; }

p6_bad_messages_are_bounded() {
	local mib
	mib=$(repeat x 1048000)
	check 'P6 a message of 1 MiB: 10 ms at most, and an answer' \
		'costs 100 eval "for i in 1 2 3 4 5 6 7 8 9 10; do
			call_with \"{\\\"a\\\":\\\"\$mib\\\"}\"; done | talk >$work/talk" &&
		[ "$(grep -c InvalidParameter "$work/talk")" = 10 ]'
	check 'P6 one of 4 MiB: refused' \
		'costs 40 eval "call_with \"[\$mib\$mib\$mib\$mib]\" | talk >$work/talk" &&
		grep -q InvalidParameter "$work/talk"'
	check 'P6 nesting of 100,000: refused' \
		'costs 10 eval "call_with \"\$(repeat [ 100000)\" | talk >$work/talk" &&
		grep -q InvalidParameter "$work/talk"'
	check 'P6 4 MB of noise: nobody else waits' \
		'costs 40 eval "head -c 4000000 /dev/urandom | talk >$work/talk" && exits 0 ctl status'
	check 'P6 never more than 64 MiB' '[ "$slower" != 1 ] || (($(peak_kib) <= 65536))'
}

# A certificate authority, a server and a client, and a token: each with something that can
# be looked for.
make_secrets() {
	local s=$work/secrets
	mkdir "$s"
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=canary-ca \
		-keyout "$s/ca.key" -out "$s/ca.crt" 2>/dev/null
	for name in server client; do
		openssl req -newkey rsa:2048 -nodes -subj /CN=$name \
			-keyout "$s/$name.key" -out "$s/$name.csr" 2>/dev/null
		openssl x509 -req -in "$s/$name.csr" -CA "$s/ca.crt" -CAkey "$s/ca.key" \
			-CAcreateserial -days 2 -out "$s/$name.crt" \
			-extfile <(echo 'subjectAltName=IP:127.0.0.1') 2>/dev/null
	done
	token=canary-$(openssl rand -hex 16)
	proxy_password=canary-$(openssl rand -hex 16)
	# Lines of the key and the CA as they stand, and as the kubeconfig carries them.
	{
		echo "$token"
		echo "$proxy_password"
		printf %s "$token" | base64 -w0 && echo
		grep -v -- ----- "$s/client.key" | head -3
		grep -v -- ----- "$s/ca.crt" | head -3
		base64 -w0 "$s/client.key" | cut -c 60-120
		base64 -w0 "$s/ca.crt" | cut -c 60-120
	} >"$s/canaries"
}

kubeconfig() { # [LINE OF THE CLUSTER] [LINE OF THE USER]
	local s=$work/secrets
	put kubeconfig <<-END
		apiVersion: v1
		kind: Config
		current-context: home
		contexts: [{name: home, context: {cluster: home, user: me}}]
		clusters:
		- name: home
		  cluster:
		    server: "$api"
		    certificate-authority-data: $(base64 -w0 "$s/ca.crt")
		    ${1:-}
		users:
		- name: me
		  user:
		    client-certificate-data: $(base64 -w0 "$s/client.crt")
		    client-key-data: $(base64 -w0 "$s/client.key")
		    token: $token
		    ${2:-}
	END
}

# Everything there is to be seen, on top of what is already in $work/seen.
look_everywhere() {
	local format verb method
	for format in table wide json yaml name; do
		for verb in status list plan diff events 'describe pool/default-pool' \
			'list pools' 'describe vm/worker-1'; do
			# shellcheck disable=SC2086 # a verb and its argument
			ctl $verb -o $format
		done
	done
	for verb in version validate "validate $work/etc" explain \
		'explain settings' example help reconcile 'pause pool/default-pool' \
		'resume pool/default-pool' 'approve pool/default-pool' reload \
		'wait --timeout=100ms'; do
		# shellcheck disable=SC2086
		ctl $verb
	done
	for method in GetStatus List Plan Diff Events GetVersion Reload; do ctl call $method; done
	ctl call Describe '{"kind":"pool","name":"default-pool"}'
	ctl call org.varlink.service.GetInfo
	"$build/homek8sd" --config-dir "$work/etc" --check
	cat "$log" "$work"/state/*
} >>"$work/seen" 2>&1

# Each is wrong at the secret itself, or next to it.
broken_kubeconfigs() {
	local broken
	kubeconfig '' 'token: again'
	quiet ctl reload
	look_everywhere
	printf 'users: [{name: me, user: {token: "%s\n' "$token" | put kubeconfig
	quiet ctl reload
	look_everywhere
	echo "$token $token" >"$work/secrets/token"
	chmod 600 "$work/secrets/token"
	for broken in "s/token: .*/token: \"$token $token\"/" "s/token: .*/token: [$token]/" \
		"s/token: .*/$token: token/" "s/\(client-key-data: ..*\)/\1 $token/" \
		"s/\(certificate-authority-data:\).*/\1 $token/" "s/name: me$/name: $token/" \
		"s,token: .*,tokenFile: $work/secrets/token," "s/server: .*/server: https:\/\/me:$token@h/"; do
		kubeconfig
		sed -i "$broken" "$work/etc/kubeconfig"
		{ ctl reload && sleep 0.1 && ctl status -o json && ctl events; } >>"$work/seen" 2>&1
		source_is kubernetes down || echo "taken: $broken" >>"$work/taken"
	done
	check 'P7 kubeconfigs broken at their secrets: told' '[ ! -e "$work/taken" ] || ! cat "$work/taken" >&2'
}

p7_no_secret_is_shown() {
	stop
	stop_api
	make_secrets
	api_options=(--tls-cert "$work/secrets/server.crt" --tls-key "$work/secrets/server.key"
		--client-ca "$work/secrets/ca.crt" --token "$token")
	curl_options=(--cacert "$work/secrets/ca.crt" --cert "$work/secrets/client.crt"
		--key "$work/secrets/client.key")
	rm -f "$work/cluster.json"
	api_port=0 start_api
	kubeconfig
	start
	check 'P7 converged with a client key and a token' converged 10
	look_everywhere
	broken_kubeconfigs
	kubeconfig "proxy-url: http://me:$proxy_password@127.0.0.1:1"
	quiet ctl reload
	check 'P7 a proxy that is not there: told' 'source_is kubernetes down' 10
	look_everywhere
	token=$token-not kubeconfig
	sed -i '/client-/d' "$work/etc/kubeconfig"
	quiet ctl reload
	check 'P7 a token that is refused: told' 'source_is kubernetes unauthorized' 10
	look_everywhere
	kubeconfig
	fault '{"match":"ipaddresspools","times":-1,"do":"status","code":403,
		"body":"forbidden"}'
	quiet ctl reload
	quiet api DELETE "$pools/default-pool"
	quiet ctl reconcile
	look_everywhere
	check 'P7 all of that was something to look at' \
		'(($(wc -c <"$work/seen") > 100000)) && grep -q 127.0.0.1 "$work/seen"'
	check 'P7 no secret in any of it' '! grep -noF -f "$work/secrets/canaries" "$work/seen" >&2'
}

# Steps that were told as done, for objects of these kinds.
told() { # KIND...
	ctl events -o json | jq '[.events[] | select(.result == "done" and .level == "notice" and
		(.kind | IN($ARGS.positional[])))] | length' --args "$@"
}
writes_told() {
	[ "$(libvirt_writes | wc -l)" = "$(told network reservation vm)" ] &&
		[ "$(api_writes | wc -l)" = "$(told pool advertisement)" ]
}

p8_everything_is_told() {
	local host
	quiet vir net-destroy default
	for host in control-plane worker-1 worker-2; do
		vir destroy $host
		vir undefine $host
	done
	quiet vir net-undefine default
	quiet api DELETE "$pools/default-pool"
	quiet api DELETE "$advertisements/default-pool"
	marks
	start
	check 'P8 the home from nothing: converged' converged 10
	check 'P8 each write to libvirt and the cluster is told, and no other' writes_told
	check 'P8 with what was done' 'events_have "[.events[].action] |
		index(\"define domain worker-1\") and index(\"start network default\") and
		index(\"start domain worker-2\")"'
	check 'P8 with why: each is preceded by what was found' 'events_have "[.events[] | select(.kind == \"vm\" and .name == \"worker-1\")] |
		(map(.result == \"done\") | index(true)) as \$at |
		any(.[:\$at][]; .text | startswith(\"pending: to be made\"))"'
	check 'P8 the log has the same lines' \
		'said "vm/worker-1: define domain worker-1" && said "pending: to be made"'
	who="uid $(id -u) ($(id -un)) pid "
	quiet ctl pause vm/worker-1 --reason='a test'
	quiet ctl resume vm/worker-1
	quiet ctl reconcile vm/worker-1
	quiet ctl reload
	check 'P8 with who asked: pause, resume, reconcile, reload' 'events_have "[.events[] | select(.text | contains(\"by \" + \$who)) | .action] ==
		[\"pause\", \"resume\", \"reconcile\", \"reload\"]" --arg who "$who"'
	check 'P8 with the reason' 'said "pause vm/worker-1: a test, by $who"'
}

host_entry() { vir net-dumpxml default | sed -n "s/^ *\(<host .*name='$1'.*\)/\1/p"; }

p9_foreign_things_stay() {
	more='prune: true' settings
	quiet ctl reload
	quiet vir define /dev/stdin <<-END
		<domain type='test'><name>pet</name><memory>65536</memory><vcpu>1</vcpu>
		<os><type>hvm</type></os><devices><interface type='network'>
		<mac address='52:54:00:00:00:99'/><source network='default'/></interface></devices>
		</domain>
	END
	quiet vir start pet
	quiet vir define /dev/stdin <<-END
		<domain type='test'><name>asleep</name><memory>65536</memory><vcpu>1</vcpu>
		<os><type>hvm</type></os></domain>
	END
	quiet vir net-define /dev/stdin <<-END
		<network><name>private</name><ip address='10.9.0.1' prefix='24'/></network>
	END
	quiet vir net-start private
	quiet vir net-update default add ip-dhcp-host \
		"<host mac='52:54:00:00:00:99' name='pet' ip='192.168.122.77'/>"
	quiet api POST "$pools" '{"apiVersion":"metallb.io/v1beta1","kind":"IPAddressPool",
		"metadata":{"name":"other","namespace":"metallb-system"},
		"spec":{"addresses":["192.168.122.240-192.168.122.250"]}}'
	quiet api POST "$advertisements" '{"apiVersion":"metallb.io/v1beta1","kind":"L2Advertisement",
		"metadata":{"name":"other","namespace":"metallb-system"},
		"spec":{"ipAddressPools":["other"]}}'
	foreign >"$work/foreign"
	check 'P9 what is not ours is known' \
		'grep -q "52:54:00:00:00:99" "$work/foreign" && grep -q 192.168.122.240 "$work/foreign"'
	# What is ours goes with prune, and that alone. The lease is ours once we have added it.
	quiet vir net-update default delete ip-dhcp-host "$(host_entry worker-2)"
	check 'P9 converged' 'host_entry worker-2 | grep -q . && converged' 10
	home | sed '/worker-2: 192/d; /^metallb:$/,$d' | put desired.d/home.yaml
	quiet ctl reload
	check 'P9 prune: our own lease goes' '[ -z "$(host_entry worker-2)" ]' 10
	check 'P9 prune: our own pool waits, a Service lives in it' \
		'is pool/default-pool blocked ingress-nginx && exits 0 ctl approve pool/default-pool' 5
	check 'P9 prune: approved, it goes' '! api GET "$pools/default-pool"' 10
	write_home
	quiet ctl reload
	check 'P9 converged again' converged 10
	quiet vir net-destroy default
	check 'P9 and after the network was started again' 'converged && runs worker-1' 10
	check 'P9 foreign domains, networks, leases, storage and cluster objects are as they were' \
		'diff "$work/foreign" <(foreign) >&2'
	quiet ctl pause reservation/worker-2
	quiet vir net-update default delete ip-dhcp-host "$(host_entry worker-2)"
	quiet vir net-update default add ip-dhcp-host \
		"<host mac='52:54:00:00:00:98' name='guest' ip='192.168.122.12'/>"
	quiet ctl resume reservation/worker-2
	check 'P9 an entry that is not ours in the way: told, with what to do' \
		'is reservation/worker-2 blocked "not ours: 192.168.122.12 for guest (52:54:00:00:00:98)"' 10
	stays 'P9 and left alone' 'vir net-dumpxml default | grep -q 52:54:00:00:00:98' 3
}

foreign() {
	vir dumpxml pet
	vir dumpxml --inactive asleep
	vir domstate asleep
	vir net-dumpxml private
	vir net-dumpxml default | grep -F "name='pet'"
	vir pool-dumpxml default-pool
	api GET "$pools/other"
	api GET "$advertisements/other"
	api GET /api/v1/nodes | jq .items
}

# Two control planes and four workers, each with an address.
six() { # [SED-SCRIPT]
	local i
	{
		cat <<-END
			network:
			  name: default
			  address: 192.168.122.1/24
			  dhcp: {range: {start: 192.168.122.2, end: 192.168.122.99}}
			  static_ips:
		END
		for i in 1 2 3 4 5 6; do echo "    m$i: 192.168.122.2$i"; done
		echo 'vms:'
		for i in 1 2 3 4 5 6; do
			echo "  m$i: {role: $( ((i < 3)) && echo control-plane || echo worker), state: running," \
				"vcpus: 1, memory: 64MiB, disk: {path: /m$i.qcow2}}"
		done
	} | sed "${1:-}" | put desired.d/home.yaml
	quiet ctl reload
}
stopped() { vir list --inactive --name | grep '^m' | xargs; }
waits() { status_has '[.objects[] | select(.verdict == "blocked" and
	(.reason | startswith("waits for approval"))) | .name] == $ARGS.positional' --args "$@"; }

p10_much_at_once_waits() {
	kubernetes=off
	settings
	six
	check 'P10 six VMs: converged' converged 10
	keep
	six 's/\(m[345]: .*\)running/\1stopped/'
	check 'P10 stopping three of six waits for approval' 'waits m3 m4 m5' 10
	check 'P10 and says how many' 'is vm/m3 blocked "interrupts 3 of 6 VMs"'
	stays 'P10 nothing is done meanwhile' '[ -z "$(stopped)" ] && nothing_changed' 2
	check 'P10 approving one' 'exits 0 ctl approve vm/m4'
	check 'P10 stops that one' '[ "$(stopped)" = m4 ]' 10
	stays 'P10 and no other' '[ "$(stopped)" = m4 ]' 2
	six
	check 'P10 written back: converged' 'converged && runs m1 m2 m3 m4 m5 m6' 10
	six 's/\(m[12]: .*\)running/\1stopped/'
	check 'P10 stopping both control planes waits, though they are but a third' \
		'waits m1 m2 && is vm/m1 blocked "2 control planes"' 10
	stays 'P10 nothing is done meanwhile' '[ -z "$(stopped)" ]' 2
	six 's/\(m[56]: .*\)running/\1stopped/'
	check 'P10 stopping two workers is done at once' '[ "$(stopped)" = "m5 m6" ] && converged' 10
	six
	check 'P10 written back: converged' converged 10
	keep
	six 's/m3: 192.168.122.23/m3: 192.168.122.33/'
	check "P10 moving a running machine's address waits" \
		'is reservation/m3 blocked "moves the running machine m3 from 192.168.122.23 to 192.168.122.33"' 10
	check 'P10 plan names it, and exits with 1' 'exits 1 ctl plan && has "homek8sctl approve reservation/m3"'
	stays 'P10 nothing is done meanwhile' nothing_changed 2
	check 'P10 approving it' 'exits 0 ctl approve reservation/m3'
	check 'P10 moves that address' 'vir net-dumpxml default | grep -q 192.168.122.33 && converged' 10
	check 'P10 and nothing else' '[ "$(diff "$work/before" <(everything_of_libvirt) | grep "^[<>]" |
		grep -v "name=.m3. ")" = "" ]'
	check 'P10 a second approval is refused' 'exits 3 ctl approve reservation/m3 && has "nothing of reservation/m3 waits"'
}

world
start
check 'converged' converged 10
p1_letting_go_touches_nothing
p2_no_edit_destroys
p6_bad_configuration_is_bounded
p6_bad_messages_are_bounded
p7_no_secret_is_shown
stop
no_faults
p8_everything_is_told
p9_foreign_things_stay
p10_much_at_once_waits
finish
