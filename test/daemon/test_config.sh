#!/usr/bin/env bash
# The configuration of a running daemon: how a change is noticed, that a bad one changes
# nothing and is told with its place, and that every kind of bad input is refused alike by
# homek8sctl validate, homek8sd --check and the daemon.
# shellcheck disable=SC2016,SC2034 # conditions are evaluated when they are checked
set -u
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

etc=$work/etc
desired=$etc/desired.d
example=$top/conf/example
generation() { ctl status -o json | jq .sources.config.generation; }
pool_ends_at() { pool_is default-pool "192.168.122.100-192.168.122.$1"; }
home() { sed "s/150]/$1]/" "$example/desired.d/home.yaml"; } # LAST BYTE OF THE POOL
check_says() { exits "$1" "$build/homek8sd" --config-dir "$etc" --check; }

noticed_and_put_in_force() {
	local before
	before=$(generation)
	kill -HUP "$daemon_pid"
	check 'SIGHUP: read again' '(($(generation) == before + 1))' 5
	check 'homek8sctl reload: read again, and told' \
		"exits 0 ctl reload && has 'configuration generation $((before + 2)) is in force'"
	heals 'a file renamed into place' 'home 149 | put desired.d/home.yaml' 'pool_ends_at 149' 5
	heals 'a file written in place' 'home 148 >$desired/home.yaml' 'pool_ends_at 148' 5
	heals 'sed -i' "sed -i 's/148]/147]/' $desired/home.yaml" 'pool_ends_at 147' 5
	heals 'a file added' 'home 147 | sed "/^metallb/,\$d" | put desired.d/home.yaml &&
		home 146 | sed -n "/^metallb/,\$p" | put desired.d/pools.yaml' 'pool_ends_at 146' 5
	heals 'and removed' 'home 145 | put desired.d/home.yaml; rm $desired/pools.yaml' \
		'pool_ends_at 145' 5
	heals 'the settings, too' 'more="prune: true" settings; sleep 0.3; settings' \
		'said "configuration $(generation) is in force"' 5
	linked_directory
	editors_leavings
}

# As a mounted ConfigMap: the files are links into ..data, which is swapped as a whole.
linked_directory() {
	mkdir "$desired/..1" "$desired/..2"
	home 144 >"$desired/..1/home.yaml"
	home 143 >"$desired/..2/home.yaml"
	chmod 600 "$desired"/..?/home.yaml
	ln -s ..1 "$desired/..data"
	ln -s ..data/home.yaml "$desired/new"
	heals 'a link to a file' 'mv -T $desired/new $desired/home.yaml' 'pool_ends_at 144' 5
	ln -s ..2 "$desired/..new"
	heals 'a swap of ..data' 'mv -T $desired/..new $desired/..data' 'pool_ends_at 143' 5
	home 142 | put desired.d/home.yaml
	rm -r "$desired/..data" "$desired"/..?
	check 'a file again' 'pool_ends_at 142' 5
	heals 'the directory replaced' 'cp -a $desired $etc/other &&
		sed -i "s/142]/141]/" $etc/other/home.yaml && mv $desired $etc/old && mv $etc/other $desired' \
		'pool_ends_at 141' 5
	rm -r "$etc/old"
	home 150 | put desired.d/home.yaml
	check 'converged' 'pool_ends_at 150 && converged' 5
}

editors_leavings() {
	local before
	sleep 0.3
	before=$(generation)
	for name in home.yaml~ .home.yaml.swp 4913 '#home.yaml#' .#home.yaml home.yaml.dpkg-old; do
		echo garbage >"$desired/$name"
	done
	stays "editors' leavings are no configuration" '(($(generation) == before))' 1
	rm "$desired"/home.yaml~ "$desired"/.home* "$desired/4913" "$desired"/*# "$desired"/.#* \
		"$desired"/*-old
}

nothing_written() {
	[ -z "$(libvirt_writes)$(api_writes)" ] && runs worker-1
}

nothing_applied() {
	[ "$(generation)" = "$good" ] && nothing_written
}

a_bad_one_changes_nothing() {
	local since
	good=$(generation)
	libvirt_mark
	api_mark
	{
		home 140 | sed 's/state: running/state: runing/'
		echo 'firewal: {}'
	} | put desired.d/home.yaml
	check 'a bad file: told without being asked for' 'source_is config error' 5
	check 'every error of it, with its place, line, caret and what was meant' \
		'source_is config error "desired.d/home.yaml:21:12: error[bad-value]: state" &&
		source_is config error "    state: runing
             ^" && source_is config error "did you mean \"running\"?" &&
		source_is config error "desired.d/home.yaml:43:1: error[unknown-key]"'
	check 'the whole home is degraded, each object is what it was' \
		'verdict_is degraded && status_has "all(.objects[]; .verdict == \"converged\")"'
	check 'status shows the first of them, and for how long' \
		'exits 0 ctl status && [[ $out =~ config\ +error\ +[0-9]+s\ +desired.d/home.yaml:21:12 ]]'
	since=$(ctl status -o json | jq -r .sources.config.since)
	sleep 1
	echo '}' >>"$desired/home.yaml"
	check 'bad in another way' 'source_is config error yaml-syntax' 5
	check 'its age is that of the first error' \
		"status_has '.sources.config.since == \"$since\"'"
	check 'homek8sctl reload: exit 3, the errors, and what is in force' \
		'exits 3 ctl reload && has yaml-syntax home.yaml: "the last good one stays in force"'
	check 'nothing of it was applied' nothing_applied
	home 150 | put desired.d/home.yaml
	check 'good again: in force' 'source_is config ok && converged' 5
}

# What homek8sctl validate, homek8sd --check and reload say of the same thing: each names
# all parts, and none lets it by.
refuse_all() { # PART...
	exits 1 ctl validate "$etc" && has "$@" && check_says 78 && has "$@" &&
		exits 3 ctl reload && has "$@" && source_is config error
}

refuses() { # WHAT PART...; standard input is the file, which stands beside a good one
	local what=$1
	shift
	cat >"$desired/bad.yaml"
	chmod 600 "$desired/bad.yaml"
	check "refused: $what" "refuse_all $(printf '%q ' "$@")"
	rm "$desired/bad.yaml"
}

vm() { printf 'vms: {n: {%s}}\n' "$1"; }
at_bad() { printf 'bad.yaml:%s: error[%s]' "$1" "$2"; }

bad_bytes() {
	refuses 'what is no UTF-8' "$(at_bad 1:11 yaml-encoding)" 0xff < <(vm $'\xff')
	refuses 'NUL' "$(at_bad 1:20 yaml-control)" U+0000 < <(printf 'vms: {n: {domain: "\0"}}\n')
	refuses 'NUL as an escape' "$(at_bad 1:19 yaml-control)" < <(vm 'domain: "\0"')
	refuses 'a terminal sequence' "$(at_bad 1:20 yaml-control)" U+001B < <(vm $'domain: "\e[31m"')
	refuses 'marks of right-to-left' "$(at_bad 1:20 yaml-control)" U+202E < <(vm $'domain: "\u202ea"')
	refuses 'tabs as indentation' "$(at_bad 2:1 yaml-syntax)" 'use blanks' < <(printf 'vms:\n\tn: {}\n')
	refuses 'nothing' 'bad.yaml' 'it is empty' </dev/null
	refuses 'white space' bad.yaml yaml-empty < <(printf '\n \n')
	refuses 'an empty document' bad.yaml yaml-empty < <(printf -- '---\n...\n')
	refuses 'a second document' "$(at_bad 2:1 yaml-documents)" < <(printf 'vms: {}\n---\nvms: {}\n')
	refuses 'an anchor' "$(at_bad 1:6 yaml-anchor)" < <(echo 'vms: &a {}')
	refuses 'an alias' yaml-a < <(echo 'vms: {a: &b {}, c: *b}')
	refuses 'a tag' "$(at_bad 1:6 yaml-tag)" < <(echo 'vms: !!map {}')
	refuses 'a directive' "$(at_bad 1:1 yaml-directive)" < <(printf '%%YAML 1.1\n---\nvms: {}\n')
	refuses 'a list as a key' "$(at_bad 1:3 yaml-key)" < <(printf '? [a]\n: b\n')
	{ printf '\xef\xbb\xbf' && home 150; } | sed 's/$/\r/' | put desired.d/home.yaml
	check 'taken: a byte order mark and CRLF' \
		'exits 0 ctl validate "$etc" && check_says 0 && exits 0 ctl reload && converged' 5
	sleep 0.5 # the change was noticed, too
	good=$(generation)
}

bad_names() {
	local long
	long=$(printf 'x%.0s' {1..64})
	refuses 'upper case in a name' "$(at_bad 1:7 bad-name)" '"Big"' < <(echo 'vms: {Big: {}}')
	refuses 'an underscore' "$(at_bad 1:7 bad-name)" < <(echo 'vms: {a_b: {}}')
	refuses 'a dash at the end' "$(at_bad 1:7 bad-name)" < <(echo 'vms: {a-: {}}')
	refuses '64 characters' "$(at_bad 1:7 bad-name)" "$long" < <(echo "vms: {$long: {}}")
	refuses 'a line break in a name' "$(at_bad 1:7 bad-name)" < <(printf '%s\n' 'vms: {"a\nb": {}}')
	refuses 'a line break in a domain' "$(at_bad 1:19 bad-value)" < <(vm 'domain: "a\nb"')
	refuses 'a slash in a domain' "$(at_bad 1:19 bad-value)" < <(vm 'domain: a/b')
	refuses 'markup in a bridge' "$(at_bad 1:19 bad-value)" < <(echo "network: {bridge: \"a'/>\"}")
	for name in 'w\n1' 'w 1' 'w_1' 'W1' 'w1,' 'w1 10.0.0.1' '<w/>'; do
		refuses "the host name \"$name\"" "$(at_bad 1:24 bad-name)" < <(
			echo "network: {static_ips: {\"$name\": {ip: 192.168.122.9, mac: 52:54:00:00:00:09}}}")
	done
}

static() { echo "network: {static_ips: {$1}}"; }
machine() { echo "$1: {ip: $2, mac: \"52:54:00:00:00:0$3\"}"; }

bad_addresses() {
	refuses 'an address outside its network' "$(at_bad 1:32 static-ip-outside-network)" \
		< <(static "$(machine m 192.168.123.9 1)")
	refuses 'an address that is none' bad-value 192.168.122.300 \
		< <(static "$(machine m 192.168.122.300 1)")
	refuses "the network's own address" static-ip-is-gateway < <(static "$(machine m 192.168.122.1 1)")
	refuses 'the broadcast address' static-ip-is-broadcast < <(static "$(machine m 192.168.122.255 1)")
	refuses 'a range that ends before it begins' bad-value 'ends before it begins' \
		< <(echo 'metallb: {pools: {p: {addresses: [10.0.0.9-10.0.0.1]}}}')
	refuses 'a prefix that is none' bad-value 10.0.0.0/33 \
		< <(echo 'metallb: {pools: {p: {addresses: [10.0.0.0/33]}}}')
	refuses 'overlapping pools' "$(at_bad 1:35 pools-overlap)" default-pool \
		< <(echo 'metallb: {pools: {p: {addresses: [192.168.122.120-192.168.122.121]}}}')
	refuses 'a multicast MAC' "$(at_bad 1:30 bad-value)" multicast \
		< <(vm 'interfaces: [{mac: 01:00:5e:00:00:01}]')
	refuses 'an address given twice' duplicate-ip 192.168.122.11 \
		< <(static "$(machine m 192.168.122.11 1)")
	refuses 'a MAC given twice' duplicate-mac \
		< <(static "$(machine a 192.168.122.8 1), $(machine b 192.168.122.9 1)")
	refuses 'a domain used twice' duplicate-domain < <(vm 'domain: worker-1')
	refuses 'a disk used twice' duplicate-disk \
		< <(vm 'disk: {path: /var/lib/libvirt/images/worker-1.qcow2}')
	refuses 'a key written twice' "$(at_bad 1:21 yaml-duplicate-key)" 'bad.yaml:1:11' \
		< <(vm 'vcpus: 1, vcpus: 2')
	refuses 'a key in two files' duplicate-key home.yaml:19:5 bad.yaml:1:23 \
		< <(echo 'vms: {control-plane: {vcpus: 2}}')
	refuses 'a key that is near another' "$(at_bad 1:11 unknown-key)" 'did you mean "vcpus"?' < <(vm 'vcpu: 1')
	refuses 'a section that is near another' unknown-key 'did you mean "metallb"?' < <(echo 'metalb: {}')
	refuses 'a word that is near another' "$(at_bad 1:18 bad-value)" 'did you mean "always"?' \
		< <(vm 'power: allways')
	refuses 'a number out of range' out-of-range 512 < <(vm 'vcpus: 9999')
	refuses 'a list where a map is due' wrong-type < <(echo 'vms: [a]')
	refuses 'a text over 4 KiB' "$(at_bad 1:19 yaml-text)" < <(vm "domain: $(repeat x 5000)")
	refuses 'three errors: all of them' "$(at_bad 1:11 unknown-key)" "$(at_bad 1:28 bad-value)" \
		"$(at_bad 1:41 bad-value)" < <(vm 'vcpu: 1, memory: lots, state: up')
}

repeat() { # TEXT TIMES
	awk -v text="$1" -v times="$2" 'BEGIN { while (times-- > 0) printf "%s", text }'
}

# What stands in place of a file: WHAT COMMAND-THAT-MAKES-$bad PART...
refuses_object() {
	local what=$1 make=$2
	shift 2
	bad=$desired/bad.yaml
	eval "$make"
	check "refused: $what" "refuse_all desired.d/bad.yaml $(printf '%q ' "$@")"
	rm -rf "$bad"
}

bad_files() {
	local i
	refuses_object 'a directory' 'mkdir "$bad"' 'it is a directory where a plain file is due'
	refuses_object 'a FIFO' 'mkfifo "$bad"' 'it is a FIFO'
	refuses_object 'a device' 'ln -s /dev/zero "$bad"' 'it is a device'
	refuses_object 'a socket' 'perl -MIO::Socket::UNIX -e "IO::Socket::UNIX->new(Local => shift, Listen => 1)" "$bad"' \
		'it is a socket'
	refuses_object 'a dangling link' 'ln -s nowhere "$bad"' 'it is a link to a file that is not there'
	refuses_object 'a link in a circle' 'ln -s bad.yaml "$bad"' 'leads in a circle'
	echo 'vms: {}' >"$desired/bad.yaml"
	chmod 620 "$desired/bad.yaml"
	check 'refused by the daemon: a file others may write' \
		'check_says 78 && has bad.yaml "chmod go-w" && exits 3 ctl reload'
	if [ "$(id -u)" = 0 ]; then
		chmod 600 "$desired/bad.yaml"
		chown nobody "$desired/bad.yaml"
		check "refused by the daemon: a stranger's file" 'check_says 78 && has bad.yaml "it belongs to"'
	else
		chmod 000 "$desired/bad.yaml"
		check 'refused: a file that may not be read' 'refuse_all bad.yaml "this user may not read it"'
	fi
	rm -f "$desired/bad.yaml"
	for ((i = 0; i < 64; i++)); do echo 'vms: {}' >"$desired/f$i.yaml"; done
	chmod 600 "$desired"/f*
	check 'refused: 65 files' 'refuse_all "65 *.yaml files, 64 are allowed"'
	rm "$desired"/f*
	{ repeat '# sixty-three characters of comment, which say nothing at all..'$'\n' 4090 &&
		echo 'vms: {}'; } >"$desired/f0.yaml"
	for i in 1 2 3 4; do cp "$desired/f0.yaml" "$desired/f$i.yaml"; done
	chmod 600 "$desired"/f*
	check 'refused: more than 1 MiB in all' 'refuse_all "more than 1048576 bytes together"'
	rm "$desired"/f*
	echo 'resinc: 2s' >>"$etc/homek8s.yaml"
	check 'refused: an unknown key of the settings' \
		'refuse_all homek8s.yaml:6:1 unknown-key "did you mean \"resync\"?"'
	more='resync: soon' settings
	check 'refused: a setting twice, and no time' 'refuse_all homek8s.yaml:5:1 yaml-duplicate-key'
	: >"$etc/homek8s.yaml"
	check 'refused: empty settings' 'refuse_all homek8s.yaml "it is empty"'
	# Between two of them the good home stood there again for a moment, and may have been read.
	check 'nothing of all that was applied' nothing_written
	settings
	check 'good again' 'exits 0 ctl reload && source_is config ok && converged' 5
}

kubeconfig() { # KEY OF THE USER [CONTEXT [KEY OF THE CLUSTER]]
	put kubeconfig <<-END
		current-context: ${2-home}
		contexts: [{name: home, context: {cluster: home, user: me}}]
		clusters:
		- name: home
		  cluster: {server: "$api"${3:+, $3}}
		users:
		- name: me
		  user: {$1}
	END
}

refuses_kubeconfig() { # WHAT PART...
	local what=$1 part
	shift
	quiet ctl reload
	check "kubeconfig refused: $what" \
		"source_is kubernetes down $(printf %q "$1") && source_is kubernetes down '${2:-}'" 5
}

bad_kubeconfigs() {
	local key bad=$etc/kubeconfig
	cp "$bad" "$work/kubeconfig"
	for key in 'exec: {command: id}' 'auth-provider: {name: oidc}' 'username: me' 'as: admin'; do
		kubeconfig "$key"
		refuses_kubeconfig "$key" kubeconfig:8: "${key%%:*} is not supported"
	done
	kubeconfig '' home 'insecure-skip-tls-verify: true'
	refuses_kubeconfig 'insecure-skip-tls-verify' kubeconfig:5: 'insecure-skip-tls-verify is not supported'
	kubeconfig '' office
	refuses_kubeconfig 'a context that is not there' kubeconfig:1:18 'is named "office"'
	kubeconfig '' ''
	refuses_kubeconfig 'no context' kubeconfig:1: 'no current-context'
	kubeconfig 'tokn: abc'
	refuses_kubeconfig 'an unknown key' kubeconfig:8: 'unknown key in the user'
	api=https://127.0.0.1:1 kubeconfig 'client-certificate: nowhere.pem, client-key: nowhere.key'
	refuses_kubeconfig 'a certificate that is not there' client-certificate "$etc/nowhere.pem does not exist"
	kubeconfig 'token: abc'
	refuses_kubeconfig 'a token over http' kubeconfig:5: 'must not be sent unencrypted'
	echo '{' | put kubeconfig
	refuses_kubeconfig 'half a file' kubeconfig:2:1
	: | put kubeconfig
	refuses_kubeconfig 'an empty file' kubeconfig 'is empty'
	cp "$work/kubeconfig" "$bad"
	chmod 622 "$bad"
	refuses_kubeconfig 'a file others may write' kubeconfig 'may be changed by others'
	if [ "$(id -u)" != 0 ]; then
		chmod 000 "$bad"
		refuses_kubeconfig 'a file that may not be read' kubeconfig 'may not be read by user id'
	fi
	rm -f "$bad"
	mkdir "$bad"
	refuses_kubeconfig 'a directory' kubeconfig 'is not a regular file'
	rmdir "$bad"
	mkfifo "$bad"
	refuses_kubeconfig 'a FIFO' kubeconfig 'is not a regular file'
	rm "$bad"
	refuses_kubeconfig 'none, with mode on' 'no kubeconfig at'
	check 'the other half goes on all the while' 'vir destroy worker-2 && wait_for "runs worker-2" 5'
	cp "$work/kubeconfig" "$bad"
	check 'a good one: connected by itself' 'exits 0 ctl reload && converged' 10
}

start_fails() { # EXIT CODE
	exits "$1" timeout 5 "$build/homek8sd" --config-dir "$etc" --state-dir "$work/state" \
		--socket "$HOMEK8S_SOCKET"
}

started_with_a_bad_one() {
	stop
	echo 'nonsense: 1' >>"$desired/home.yaml"
	check 'started on a bad file, with a good copy: works' 'start && source_is config error nonsense' 5
	heals 'by the good copy a VM heals' 'sleep 1.2; vir destroy worker-1' 'runs worker-1' 5
	check 'and the cluster' 'api DELETE "$pools/default-pool" && wait_for "pool_ends_at 150" 5'
	home 149 | put desired.d/home.yaml
	check 'good again: in force' 'source_is config ok && pool_ends_at 149 && converged' 5
	stop
	echo 'nonsense: 1' >>"$desired/home.yaml"
	echo garbage >"$work/state/last-good.json"
	check 'started on a bad file, with a bad copy: exit 78, the errors and why' \
		'start_fails 78 && has "home.yaml:43:1: error[unknown-key]" "no earlier good"'
	rm "$work/state"/*
	check 'started on a bad file, with no copy: exit 78, the errors and why' \
		'start_fails 78 && has "home.yaml:43:1: error[unknown-key]" "no earlier good"'
	rm -r "$desired"
	check 'started on no desired state: exit 78' 'start_fails 78 && has desired.d "no such directory"'
	check 'none of it touched anything' 'runs control-plane worker-1 worker-2'
	mkdir "$desired"
	home 150 | put desired.d/home.yaml
	check 'started on a good one: converged' 'start && wait_for converged 10'
	check 'a second daemon: exit 75, and who is there' \
		'start_fails 75 && has "in use by another homek8sd (pid $daemon_pid)"'
}

# The same things as the home's own document says in its own words.
written_as_at_home() {
	mkdir -p "$work/alone/desired.d"
	cat >"$work/alone/desired.d/network.yaml" <<-END
		# ネットワーク
		network:
		  name: default
		  mode: nat
		  bridge: virbr0
		  dhcp:
		    range:
		      start: 192.168.122.2
		      end: 192.168.122.254
		  static_ips:
		    control-plane: 192.168.122.10
		    worker-1: 192.168.122.11
		    worker-2: 192.168.122.12
	END
	check "the home document's network block is taken, and has no error" \
		'exits 0 ctl validate "$work/alone" && [[ $out != *error\[* ]] && has ": good"'
	check 'so it is as one file' 'exits 0 ctl validate "$work/alone/desired.d/network.yaml"'
	check 'the example: pool-in-dhcp-range, and exit 0' \
		'exits 0 ctl validate "$example" && has "home.yaml:42:32: warning[pool-in-dhcp-range]" \
		"reserve_pools" ": good, 1 warning"'
	check 'the same as JSON' 'ctl validate "$example" -o json 2>/dev/null |
		answers ".errors == 0 and .findings[0].id == \"pool-in-dhcp-range\" and
		.findings[0].objects == [\"pool/default-pool\", \"network/default\"]"'
	check 'homek8sctl example is good itself' \
		'ctl example >"$work/alone/desired.d/network.yaml" && exits 0 ctl validate "$work/alone"'
}

world
settings
start
check 'converged' converged 10
mark
noticed_and_put_in_force
a_bad_one_changes_nothing
bad_bytes
libvirt_mark
api_mark
bad_names
bad_addresses
bad_files
bad_kubeconfigs
started_with_a_bad_one
written_as_at_home
finish
