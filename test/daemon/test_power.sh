#!/usr/bin/env bash
# What a VM's power, state, autostart and domain mean on libvirt's test driver: who stopped
# it and whether it is started again, pacing and giving up, and what is never touched.
# shellcheck disable=SC2016,SC2034 # conditions are evaluated when they are checked
set -u
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

# What is written of each VM; tests change these and write the home again.
declare -A written=(
	[always]='power: always, autostart: true'
	[failure]='power: on-failure'
	[manual]='power: manual'
	[off]='state: stopped'
	[adopted]='domain: Old_VM.1, memory: 1GiB, vcpus: 1'
)
made='vcpus: 1, memory: 64MiB'

home() {
	local name
	{
		cat <<-END
			network:
			  name: default
			  address: 192.168.122.1/24
			vms:
		END
		for name in "${!written[@]}"; do
			case $name in
			adopted | transient | incomplete) echo "  $name: {${written[$name]}}" ;;
			*) echo "  $name: {$made, disk: {path: /$name.img}, ${written[$name]}}" ;;
			esac
		done
	} | put desired.d/home.yaml
	exits 0 ctl reload
}
write() { # NAME TEXT
	written[$1]=$2
	home
}

off() { [ "$(state "$1")" = 'shut off' ]; }
# A VM that runs for longer than its minimum up-time is not "soon after its start".
live_a_while() { sleep 1.2; }
after() { live_a_while && vir "$@"; }
retry_in() { # OBJECT: in ms, as status says
	ctl status -o json | jq --arg object "$1" '.objects[] |
		select("\(.kind)/\(.name)" == $object) | .retry_in'
}
wrote() { # CALL...: exactly these since the mark
	[ "$(libvirt_writes | sort | xargs)" = "$(printf '%s\n' "$@" | sort | xargs)" ]
}
wrote_nothing() { [ -z "$(libvirt_writes)" ]; }

# A domain nobody of us has made: its name, its devices and its metadata are somebody's.
define_old_vm() {
	vir define /dev/stdin <<-END
		<domain type='test' xmlns:test='http://libvirt.org/schemas/domain/test/1.0'>
		  <name>Old_VM.1</name>
		  <uuid>11111111-2222-4333-8444-555555555555</uuid>
		  <title>do not touch</title>
		  <metadata><their:thing xmlns:their="urn:theirs">12</their:thing></metadata>
		  <memory unit='KiB'>2097152</memory>
		  <vcpu placement='static'>2</vcpu>
		  <os><type arch='i686'>hvm</type><boot dev='network'/></os>
		  <on_reboot>destroy</on_reboot>
		  <devices>
		    <disk type='file' device='disk'><source file='/theirs.raw'/><target dev='sdq' bus='scsi'/></disk>
		    <interface type='user'><mac address='52:54:00:ab:cd:ef'/></interface>
		    <video><model type='vga' vram='9216' heads='1' primary='yes'/></video>
		  </devices>
		</domain>
	END
	vir start Old_VM.1
	old_xml >"$work/old.xml"
}
old_xml() { vir dumpxml Old_VM.1 && vir dumpxml --inactive Old_VM.1 && vir dominfo Old_VM.1 | grep -v '^CPU time'; }
old_unchanged() { diff "$work/old.xml" <(old_xml) >&2; }

from_nothing() {
	check 'made and started as written, but the stopped one' \
		'runs always failure manual && off off && is vm/always converged' 10
	check 'the stopped one is as it should be' 'is vm/off converged'
	check 'adopted by domain: nothing was written to it' \
		'old_unchanged && ! libvirt_calls_on Old_VM.1'
	check 'what differs is told and needs a restart' 'is vm/adopted blocked "memory" &&
		status_has ".objects[] | select(.kind == \"vm\" and .name == \"adopted\") |
		[.changes[].field] == [\"vcpus\", \"memory\"]"'
	quiet after destroy Old_VM.1
	check 'its power is looked after all the same' 'runs Old_VM.1' 5
	check 'and that was all: its definition is the same byte for byte' \
		'diff <(grep -v "id=" "$work/old.xml" | grep -v "^Id:") <(old_xml | grep -v "id=" | grep -v "^Id:") >&2'
}
# Names stand in libvirt's log behind each call on a domain: those that change something.
libvirt_calls_on() { # DOMAIN
	grep -F "VM: name=$1," "$calls" | grep -E ': virDomain(Define|Set|Update|Attach|Detach|Shutdown|Destroy|Undefine|Create)' |
		tail -n +2 | grep -q .
}

always() {
	mark
	heals 'always: the guest powers off' 'after shutdown always' 'runs always' 5
	check 'told as what it was' 'said "vm/always: pending: was powered off by its guest; to be started"'
	mark
	heals 'always: somebody destroys it' 'after destroy always' 'runs always' 5
	check 'told as what it was' 'said "was stopped by somebody (virsh destroy or the like); to be started"'
	libvirt_mark
	live_a_while
	quiet vir reboot always
	stays 'a reboot is no stop' 'is vm/always converged && wrote virDomainReboot' 1
	heals 'undefined while it runs' 'vir undefine always' \
		'is vm/always converged "has no stored definition"' 5
	heals 'and stopped: made anew' 'after destroy always' \
		'runs always && vir dominfo always | grep -q "Persistent: *yes"' 5
}

on_failure() {
	quiet after shutdown failure
	check 'on-failure: the guest powers off; told, and how to start it' \
		'is vm/failure blocked "was powered off by its guest; power: on-failure leaves it so"' 5
	libvirt_mark
	quiet ctl reconcile
	stays 'it stays off, even with a general reconcile' 'off failure && wrote_nothing' 1
	check 'reconcile of this very one starts it' 'exits 0 ctl reconcile vm/failure && wait_for "runs failure" 5'
	quiet after destroy failure
	check 'on-failure: somebody destroys it; left so' \
		'is vm/failure blocked "was stopped by somebody" && off failure' 5
	stop
	start
	check 'the reason is known after a restart, too' 'is vm/failure blocked "was stopped by somebody"' 5
	quiet vir start failure
	check 'started by hand: converged' 'is vm/failure converged' 5
}

manual() {
	quiet after shutdown manual
	check 'manual: told how to start it' \
		'is vm/manual blocked "power: manual leaves it so; \`homek8sctl reconcile vm/manual\` starts it"' 5
	stays 'and not started' 'off manual' 1
	check 'reconcile of this very one starts it' 'exits 0 ctl reconcile vm/manual && wait_for "runs manual" 5'
	check 'converged' 'is vm/manual converged' 5
	quiet after destroy manual
	stays 'once, and not again' 'sleep 0.2; off manual' 1
	check 'written as always: started' 'write manual "power: always" && wait_for "runs manual" 5'
	write manual 'power: manual'
}

stopped() {
	libvirt_mark
	quiet vir start off
	check 'stopped: started by somebody, it is shut down, by a request and no more' \
		'off off && wrote virDomainCreate virDomainShutdownFlags' 5
	check 'running, by an edit' 'write off "state: running" && wait_for "runs off" 5'
	libvirt_mark
	check 'stopped, by an edit: shut down, not destroyed' \
		'write off "state: stopped" && wait_for "off off" 5 && wrote virDomainShutdownFlags'
	check 'told as ours' 'said "vm/off: shut down domain off"'
	quiet ctl pause vm/off
	quiet vir start off
	quiet vir suspend off
	wait_for 'said "vm/off: libvirt: paused"' 5
	quiet ctl reconcile
	wait_for 'status_has ".objects | length > 0"' 5
	quiet ctl resume vm/off
	check 'paused, and should be stopped: told, not destroyed' \
		'is vm/off blocked "a paused guest cannot shut down"' 5
	stays 'left alone' '[ "$(state off)" = paused ]' 1
	quiet vir destroy off
	check 'ended by hand: converged' 'is vm/off converged' 5
}

paused_and_saved() {
	quiet vir suspend always
	check 'paused: told, with what to do' \
		'is vm/always blocked "was paused by somebody; \`virsh resume always\` lets it go on"' 5
	libvirt_mark
	quiet ctl reconcile vm/always
	stays 'and left alone' '[ "$(state always)" = paused ] && wrote_nothing' 1
	quiet vir resume always
	check 'resumed by hand: converged' 'is vm/always converged' 5
	mark
	heals 'managed save: goes on from there' 'after managedsave always' 'runs always' 5
	check 'told as what it was' 'said "was saved by somebody; to be started"'
	quiet ctl pause vm/always
	quiet after managedsave always
	check 'its image is a condition, and what becomes of it' \
		'status_has "any(.objects[].conditions[]; .type == \"ManagedSave\" and (.message | contains(\"goes on from there\")))"' 5
	vm='minimum_uptime: 1s, boot_fresh: true' settings
	check 'boot_fresh: it will be dropped' \
		'status_has "any(.objects[].conditions[]; .type == \"ManagedSave\" and (.message | contains(\"boots afresh\")))"' 5
	libvirt_mark
	quiet ctl resume vm/always
	check 'boot_fresh: the image is dropped, then it boots' 'runs always && [ -z "$(vir list --all --managed-save | grep saved)" ] &&
		libvirt_writes | grep -q ManagedSaveRemove' 5
	vm='minimum_uptime: 1s' settings
}

autostart() {
	heals 'autostart taken away' 'vir autostart --disable always' \
		'vir dominfo always | grep -q "Autostart: *enable"' 5
	quiet vir autostart failure
	stays 'autostart left out: not touched by two looks' \
		'vir dominfo failure | grep -q "Autostart: *enable"' 5
	check 'written as false: taken away' \
		'write failure "power: on-failure, autostart: false" && wait_for "vir dominfo failure | grep -q \"Autostart: *disable\"" 5'
}

transient() {
	quiet vir create /dev/stdin <<-END
		<domain type='test'><name>transient</name><memory>65536</memory><vcpu>1</vcpu>
		<os><type>hvm</type></os></domain>
	END
	libvirt_mark
	write transient 'power: always, autostart: true'
	check 'transient: told, and what to do' 'is vm/transient converged "virsh dumpxml transient" &&
		status_has "any(.objects[].conditions[]; .type == \"TransientDomain\")"' 5
	write transient 'state: stopped'
	check 'transient, and should be stopped: told that it would be lost' \
		'is vm/transient blocked "has no stored definition and would be lost"' 5
	stays 'left alone' 'runs transient && wrote_nothing' 1
	quiet vir destroy transient
	check 'gone, and not enough is written to make it: told what is missing' 'write transient "state: stopped" &&
		is vm/transient blocked "there is no domain transient; to have it made, write vcpus, memory, disk or boot"' 5
	unset 'written[transient]'
	home
}

before() { # CALL CALL: one is there before the other
	libvirt_writes | awk -v a="$1" -v b="$2" '$0 == a && !f { f = NR } $0 == b { exit !f || f > NR }'
}

made_and_kept() {
	local mac
	mac=$(vir domiflist always | awk '{ print $5 }')
	libvirt_mark
	quiet vir net-destroy default
	quiet after destroy always
	check 'a VM waits for its network' 'runs always && before virNetworkCreate virDomainCreate' 5
	live_a_while
	quiet vir destroy always
	quiet vir undefine always
	check 'undefined: made anew, with the MAC it always had' \
		'runs always && [ "$(vir domiflist always | awk "{ print \$5 }")" = "$mac" ]' 5
	check 'marked as ours' 'vir dumpxml always | grep -q "<homek8s:owner "'
	unset 'written[manual]'
	libvirt_mark
	home
	check 'no longer written: told, and left as it is' \
		'status_has "any(.findings[]; .id == \"vm-not-written\" and .objects == [\"vm/manual\"])" && wrote_nothing' 5
}

# Stops that come soon after a start are paced; the first wait is of 10 s. What comes next
# goes on meanwhile, and must not use a general reconcile, which would end it.
paced() {
	vm='minimum_uptime: 1h, start_attempts: 3' settings
	quiet ctl reload
	quiet ctl reconcile vm/failure
	write failure 'power: always'
	heals 'pacing: the first stop is mended at once' 'vir destroy always' 'runs always' 5
	waiting_since=$(now_ms)
	quiet vir destroy always
	check 'the second waits 10 to 15 s, and says so' \
		'is vm/always failing "2 times in a row soon after its start" &&
		(($(retry_in vm/always) > 8000 && $(retry_in vm/always) <= 15000))' 5
	check 'plan shows the start that waits' 'exits 1 ctl plan && has "start domain always" "not now"'
	quiet vir destroy failure
	check 'the others are not held up' 'runs failure' 5
	quiet vir destroy failure
	check 'reconcile clears the wait' \
		'is vm/failure failing && exits 0 ctl reconcile vm/failure && wait_for "runs failure" 2' 5
}

gives_up() {
	check 'the wait is over: started' 'runs always' 16
	check 'after 10 s and no sooner' '(($(now_ms) - waiting_since >= 9900))'
	quiet vir destroy always
	check 'the third is the last: given up, and told' \
		'is vm/always failing "gave up after 3 stops and failed starts in a row" &&
		is vm/always failing "\`homek8sctl reconcile vm/always\` tries again"' 5
	stop
	start
	libvirt_mark
	stays 'given up even after a restart' 'off always && wrote_nothing' 1
	check 'reconcile tries again' 'exits 0 ctl reconcile vm/always && wait_for "runs always" 5'
	vm='minimum_uptime: 1s, start_attempts: 3' settings
	quiet ctl reload
	heals 'up for long enough: forgotten, mended at once' 'after destroy always' 'runs always' 5
}

# States the test driver reaches only from a file, each in a driver of the daemon's own.
strange_states() {
	local name
	stop
	{
		echo "<node xmlns:test='http://libvirt.org/schemas/domain/test/1.0'>"
		for name in 3=paused 4=ending 5=saved 6=crashed; do
			cat <<-END
				<domain type='test'><name>${name#*=}</name><memory>65536</memory><vcpu>1</vcpu>
				<os><type>hvm</type></os><test:runstate>${name%=*}</test:runstate>
				$([ "$name" != 5=saved ] || echo '<test:hasmanagedsave>1</test:hasmanagedsave>')
				</domain>
			END
		done
		echo '</node>'
	} | put states.xml
	put homek8s.yaml <<<"{libvirt: {uri: \"test://$work/etc/states.xml\"}, kubernetes: {mode: \"off\"}}"
	put desired.d/home.yaml <<<'vms: {paused: {}, ending: {}, saved: {}, crashed: {}}'
	start
	check 'crashed and kept: told, not destroyed' \
		'is vm/crashed blocked "its guest has crashed and is kept for a look; \`virsh destroy crashed\`"' 5
	check 'on its way down: waited for' 'is vm/ending pending "is shutting down; waits until it has"'
	check 'found paused: told' 'is vm/paused blocked "was paused by somebody"'
	check 'found saved: goes on' 'is vm/saved converged && said "vm/saved: start domain saved"' 5
	check 'nothing else was done' '[ "$(told_steps)" = 1 ]'
}
told_steps() { ctl events -o json | jq '[.events[] | select(.result == "done")] | length'; }

kubernetes=off
world
vm='minimum_uptime: 1s' settings
quiet define_old_vm
quiet home
mark
start
from_nothing
always
on_failure
manual
stopped
paced
autostart
transient
gives_up
paused_and_saved
made_and_kept
strange_states
finish
