# shellcheck shell=bash
# For scripts that run inside the lab (lab.sh): handle libvirtd, wait for things, describe
# guests. Every wait polls each 50 ms.
#
#   libvirtd_start, _stop      and wait until it answers, is gone
#   libvirtd_kill              as a crash does it
#   libvirtd_pause, _continue  a hang and its end
#   wait_for 'CONDITION' SECS  prints the milliseconds it took; fails when time is up
#   guest_kernel, guest_initrd paths, for <kernel> and <initrd>
#   domain_xml NAME MAC        a guest on network default that boots in a few seconds
#   network_xml [HOSTS]        network default, 192.168.122.0/24, NAT; HOSTS are <host/>s
#   guest_log NAME             the guest's serial console so far
#   answers_ping ADDRESS       one ping, one second at most
#   qemu_pid NAME
#   ok, no, check, summary     report: `ok N - what (ms)`, then `N passed, N failed`

now_ms() { echo $((${EPOCHREALTIME/[.,]/} / 1000)); }

wait_for() { # CONDITION SECONDS
	local start took
	start=$(now_ms)
	until eval "$1" >/dev/null 2>&1; do
		took=$(($(now_ms) - start))
		if ((took > $2 * 1000)); then
			echo "timed out after $took ms: $1" >&2
			return 1
		fi
		sleep 0.05
	done
	echo $(($(now_ms) - start))
}

libvirtd_pid() { cat /run/libvirtd.pid; }
libvirtd_runs() { kill -0 "$(libvirtd_pid)"; }

# A kill leaves the socket's file behind; without it the wait below sees the new one only.
libvirtd_start() {
	rm -f /run/libvirt/libvirt-sock
	(exec libvirtd --daemon </dev/null >>"$LAB/libvirtd.out" 2>&1 9>&-)
	wait_for 'timeout 2 virsh -q uri' 15 >/dev/null
}

libvirtd_gone() { wait_for "! kill -0 $1" 10 >/dev/null; }
libvirtd_stop() { local p && p=$(libvirtd_pid) && kill -TERM "$p" && libvirtd_gone "$p"; }
libvirtd_kill() { local p && p=$(libvirtd_pid) && kill -KILL "$p" && libvirtd_gone "$p"; }
libvirtd_pause() { kill -STOP "$(libvirtd_pid)"; }
libvirtd_continue() { kill -CONT "$(libvirtd_pid)"; }

guest_kernel() { [[ -n ${LAB_GUEST:-} ]] && echo "$LAB_GUEST/vmlinuz"; }
guest_initrd() { [[ -n ${LAB_GUEST:-} ]] && echo "$LAB_GUEST/initrd"; }
answers_ping() { busybox ping -c 1 -W 1 "$1"; }
guest_log() { cat "$LAB/$1.console"; }
qemu_pid() { cat "/run/libvirt/qemu/$1.pid"; }

domain_xml() { # NAME MAC
	cat <<-END
		<domain type='qemu'>
		  <name>$1</name>
		  <memory unit='MiB'>128</memory>
		  <vcpu>1</vcpu>
		  <os>
		    <type arch='x86_64' machine='pc'>hvm</type>
		    <kernel>$(guest_kernel)</kernel>
		    <initrd>$(guest_initrd)</initrd>
		    <cmdline>console=ttyS0 quiet panic=1 guest.name=$1</cmdline>
		  </os>
		  <features><acpi/><apic/></features>
		  <on_crash>destroy</on_crash>
		  <devices>
		    <interface type='network'>
		      <mac address='$2'/>
		      <source network='default'/>
		      <model type='virtio'/>
		    </interface>
		    <serial type='file'><source path='$LAB/$1.console'/></serial>
		    <memballoon model='none'/>
		  </devices>
		</domain>
	END
}

network_xml() { # [HOSTS]
	cat <<-END
		<network>
		  <name>default</name>
		  <forward mode='nat'/>
		  <bridge name='virbr0' stp='on' delay='0'/>
		  <ip address='192.168.122.1' netmask='255.255.255.0'>
		    <dhcp>
		      <range start='192.168.122.2' end='192.168.122.254'/>
		      ${1:-}
		    </dhcp>
		  </ip>
		</network>
	END
}

passed=0
failed=0
ok() { # WHAT [MS]
	passed=$((passed + 1))
	echo "ok $((passed + failed)) - $1${2:+ ($2 ms)}"
}
no() { # WHAT
	failed=$((failed + 1))
	echo "not ok $((passed + failed)) - $1"
}

# Passes when CONDITION comes true within SECONDS.
check() { # WHAT CONDITION [SECONDS]
	local ms
	if ms=$(wait_for "$2" "${3:-0}"); then ok "$1" "$ms"; else no "$1"; fi
}

summary() {
	echo "$passed passed, $failed failed"
	((failed == 0))
}
