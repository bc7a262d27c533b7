/* SPDX-License-Identifier: MIT */
/* doctor_host: the machine and the programs that libvirt runs. */
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/utsname.h>

#include "daemon/homek8sctl/doctor.h"
#include "lib/base/addr.h"
#include "lib/kind/kinds.h"
#include "lib/kind/network/network.h"

/* Whether VMs of this home are this host's: otherwise nothing here is needed. */
static bool is_here(struct doctor *d)
{
	const char *uri = d->home.config->settings.libvirt.uri;

	if (strncmp(uri, "qemu:///", 8) == 0)
		return true;
	doctor_answer(d, OUTCOME_SKIP, "VMs are those of %s (libvirt.uri)", uri);
	return false;
}

void check_kvm(struct doctor *d)
{
	const char *cpu = doctor_read(d, "/proc/cpuinfo");

	if (!is_here(d))
		return;
	if (doctor_has(d, "/dev/kvm")) {
		doctor_answer(d, OUTCOME_PASS,
		    "/dev/kvm is there: VMs run on the processor itself");
		return;
	}
	doctor_answer(d, OUTCOME_WARN,
	    "there is no /dev/kvm: VMs run emulated (TCG), many times slower");
	if (strstr(cpu, " vmx"))
		doctor_command(d, "modprobe kvm_intel");
	else if (strstr(cpu, " svm"))
		doctor_command(d, "modprobe kvm_amd");
	else
		doctor_advise(d,
		    "switch on virtualization (VT-x, AMD-V) in the firmware; where this host is a VM, nested virtualization on the machine it runs on");
}

void check_qemu(struct doctor *d)
{
	static const char *const others[] = { "/usr/libexec/qemu-kvm",
		"/usr/bin/qemu-kvm", NULL };
	struct utsname machine;
	const char *program, *package = "qemu-system";

	if (!is_here(d))
		return;
	if (uname(&machine))
		memcpy(machine.machine, "x86_64", 7);
	program = arena_printf(d->arena, "/usr/bin/qemu-system-%s", machine.machine);
	if (!doctor_has(d, program))
		program = doctor_first(d, others);
	if (strcmp(machine.machine, "x86_64") == 0)
		package = "qemu-system-x86";
	if (strcmp(machine.machine, "aarch64") == 0)
		package = "qemu-system-arm";
	if (program) {
		doctor_answer(d, OUTCOME_PASS, "%s", program);
		return;
	}
	doctor_answer(d, OUTCOME_FAIL, "there is no qemu-system-%s: no VM can be started",
	    machine.machine);
	doctor_install(d, package);
}

/* libvirt runs it to make a qcow2 file. */
void check_qemu_img(struct doctor *d)
{
	static const char *const programs[] = { "/usr/bin/qemu-img",
		"/usr/local/bin/qemu-img", NULL };
	const char *program = doctor_first(d, programs);
	bool needed = config_get(d->home.config, &volume_kind)->count > 0;

	if (!is_here(d))
		return;
	if (program) {
		doctor_answer(d, OUTCOME_PASS, "%s", program);
		return;
	}
	doctor_answer(d, needed ? OUTCOME_FAIL : OUTCOME_WARN,
	    "there is no qemu-img: libvirt can make no disk of a VM");
	doctor_install(d, "qemu-utils");
}

void check_dnsmasq(struct doctor *d)
{
	static const char *const programs[] = { "/usr/sbin/dnsmasq", "/usr/bin/dnsmasq",
		"/usr/local/sbin/dnsmasq", NULL };
	const char *program = doctor_first(d, programs);

	if (!is_here(d))
		return;
	if (program) {
		doctor_answer(d, OUTCOME_PASS, "%s", program);
		return;
	}
	doctor_answer(d, OUTCOME_FAIL,
	    "there is no dnsmasq: libvirt can start no network with DHCP or DNS");
	doctor_install(d, "dnsmasq-base");
}

static struct ip ip_of(const struct sockaddr *address)
{
	struct ip ip = { 0 };
	char text[INET6_ADDRSTRLEN];

	if (!address)
		return ip;
	if (address->sa_family == AF_INET)
		inet_ntop(AF_INET,
		    &((const struct sockaddr_in *)(const void *)address)->sin_addr, text,
		    sizeof(text));
	else if (address->sa_family == AF_INET6)
		inet_ntop(AF_INET6,
		    &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr,
		    text, sizeof(text));
	else
		return ip;
	ip_parse(text, &ip, NULL);
	return ip;
}

/* Another interface of this host with an address of the network. */
static void check_network(
    struct doctor *d, const struct network *network, const struct ifaddrs *all)
{
	char cidr[CIDR_TEXT], ip[IP_TEXT];

	for (const struct ifaddrs *i = all; i; i = i->ifa_next) {
		struct ip address = ip_of(i->ifa_addr);
		const char *place;

		if (!address.version || !cidr_contains(network->address, address) ||
		    (network->bridge && strcmp(i->ifa_name, network->bridge) == 0))
			continue;
		/* Its bridge has another name now, or it is there by a libvirt that made it. */
		if (!network->bridge && ip_equal(address, network->address.address))
			continue;
		place = place_text(d->arena, network->object.place);
		doctor_answer(d, OUTCOME_FAIL,
		    "network %s has %s, and so has interface %s of this host (%s): packets would go one way only",
		    network->object.short_name, cidr_text(network->address, cidr),
		    i->ifa_name, ip_text(address, ip));
		doctor_advise(d, "write another network%s%s, such as 192.168.150.1/24",
		    place ? " in " : "", place ? place : "");
	}
}

void check_addresses(struct doctor *d)
{
	const struct set *networks = config_get(d->home.config, &network_kind);
	struct ifaddrs *all = NULL;
	size_t before = d->count;

	if (*d->root || getifaddrs(&all)) {
		doctor_answer(
		    d, OUTCOME_SKIP, "the addresses of that host are not known here");
		return;
	}
	for (size_t i = 0; i < networks->count; i++) {
		const struct network *network =
		    (const struct network *)(const void *)networks->items[i];

		if (network->address.address.version)
			check_network(d, network, all);
	}
	freeifaddrs(all);
	if (d->count == before && networks->count == 0)
		doctor_answer(d, OUTCOME_SKIP, "no network is written yet");
	else if (d->count == before)
		doctor_answer(
		    d, OUTCOME_PASS, "no network is one that this host is in already");
}
