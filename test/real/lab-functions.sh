# shellcheck shell=bash
# For scripts that run inside the lab (lab.sh): handle libvirtd, wait for things, describe
# guests; brings report.sh along.
#
#   libvirtd_start, _stop      and wait until it answers, is gone
#   libvirtd_kill              as a crash does it
#   libvirtd_pause, _continue  a hang and its end
#   libvirtd_lives             starts it again if it crashed; a part of conditions after a hang
#   guest_kernel, guest_initrd paths, for <kernel> and <initrd>
#   domain_xml NAME MAC        a guest on network default that boots in a few seconds
#   network_xml [HOSTS]        network default, 192.168.122.0/24, NAT; HOSTS are <host/>s
#   guest_log NAME             the guest's serial console so far
#   answers_ping ADDRESS       one ping, one second at most
#   qemu_pid NAME

# shellcheck source-path=SCRIPTDIR source=report.sh
. "$(dirname "${BASH_SOURCE[0]}")/report.sh"

libvirtd_pid() { cat /run/libvirtd.pid; }

# A kill leaves the socket's file behind; without it the wait below finds the new one only.
libvirtd_start() {
	rm -f /run/libvirt/libvirt-sock
	(exec libvirtd --daemon </dev/null >>"$LAB/libvirtd.out" 2>&1)
	wait_for 'timeout 2 virsh -q uri' 15 >/dev/null
}

libvirtd_gone() { wait_for "! kill -0 $1" 30 >/dev/null; }
libvirtd_stop() { local p && p=$(libvirtd_pid) && kill -TERM "$p" && libvirtd_gone "$p"; }
libvirtd_kill() { local p && p=$(libvirtd_pid) && kill -KILL "$p" && libvirtd_gone "$p"; }
libvirtd_pause() { kill -STOP "$(libvirtd_pid)"; }
libvirtd_continue() { kill -CONT "$(libvirtd_pid)"; }
# libvirtd 9.0 crashes now and then as it goes on and finds its clients gone. On a host systemd
# starts it again, and what is expected of homek8sd is the same.
libvirtd_lives() {
	if kill -0 "$(libvirtd_pid)"; then return; fi
	echo "libvirtd crashed as it went on" >>"$LAB/libvirtd.out"
	libvirtd_start
}

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
