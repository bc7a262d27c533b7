/* SPDX-License-Identifier: MIT */
/* fault: libvirt's last error, named and classified by (code, domain). */
#include "daemon/virt/fault.h"

#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/text.h"

#define MESSAGE_MAX 400 /* leaves room in struct error for object, code and domain */

static const struct {
	int domain;
	const char *name;
} domains[] = {
	{ VIR_FROM_XML, "XML" },
	{ VIR_FROM_DOM, "domain" },
	{ VIR_FROM_RPC, "RPC" },
	{ VIR_FROM_CONF, "configuration file" },
	{ VIR_FROM_QEMU, "QEMU driver" },
	{ VIR_FROM_NET, "network" },
	{ VIR_FROM_TEST, "test driver" },
	{ VIR_FROM_REMOTE, "remote driver" },
	{ VIR_FROM_STORAGE, "storage driver" },
	{ VIR_FROM_NETWORK, "network driver" },
	{ VIR_FROM_DOMAIN, "domain configuration" },
	{ VIR_FROM_SECURITY, "security driver" },
	{ VIR_FROM_CPU, "CPU driver" },
	{ VIR_FROM_EVENT, "event loop" },
	{ VIR_FROM_CAPABILITIES, "capabilities" },
	{ VIR_FROM_URI, "URI" },
	{ VIR_FROM_AUTH, "authentication" },
	{ VIR_FROM_DEVICE, "device" },
	{ VIR_FROM_CGROUP, "cgroup" },
	{ VIR_FROM_ACCESS, "access control" },
	{ VIR_FROM_SYSTEMD, "systemd" },
	{ VIR_FROM_FIREWALL, "firewall" },
	{ VIR_FROM_POLKIT, "polkit" },
};

/* The answer will be the same however often we ask. */
static const int slow_codes[] = {
	VIR_ERR_NO_SUPPORT,
	VIR_ERR_INVALID_ARG,
	VIR_ERR_OS_TYPE,
	VIR_ERR_NO_NAME,
	VIR_ERR_NO_OS,
	VIR_ERR_XML_ERROR,
	VIR_ERR_XML_DETAIL,
	VIR_ERR_XML_INVALID_SCHEMA,
	VIR_ERR_OPERATION_DENIED,
	VIR_ERR_OPERATION_UNSUPPORTED,
	VIR_ERR_CONFIG_UNSUPPORTED,
	VIR_ERR_ARGUMENT_UNSUPPORTED,
	VIR_ERR_CPU_INCOMPATIBLE,
	VIR_ERR_AUTH_FAILED,
	VIR_ERR_AUTH_CANCELLED,
	VIR_ERR_AUTH_UNAVAILABLE,
	VIR_ERR_ACCESS_DENIED,
};

/* Checks that libvirt makes before it does anything; other failures may come after it. */
static const int refusal_codes[] = {
	VIR_ERR_NO_DOMAIN,
	VIR_ERR_NO_NETWORK,
	VIR_ERR_OPERATION_INVALID,
};

static const char *domain_name(int domain)
{
	for (size_t i = 0; i < sizeof(domains) / sizeof(domains[0]); i++)
		if (domains[i].domain == domain)
			return domains[i].name;
	return NULL;
}

static bool is_one_of(int code, const int *codes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (codes[i] == code)
			return true;
	return false;
}

#define IS_ONE_OF(code, codes) is_one_of(code, codes, sizeof(codes) / sizeof(codes[0]))

/*
 * INTERNAL_ERROR and SYSTEM_ERROR alone say nothing, QEMU's failures carry them too; from
 * the RPC layer they are a broken socket, ours or the one between two daemons, and a
 * fresh connection cures both. Code RPC itself (a message too large) breaks nothing.
 */
static bool is_loss(int code, int domain)
{
	if (code == VIR_ERR_INVALID_CONN)
		return true;
	return domain == VIR_FROM_RPC &&
	       (code == VIR_ERR_INTERNAL_ERROR || code == VIR_ERR_SYSTEM_ERROR);
}

/* QEMU's last words come as several lines; an error is one. */
static void one_line(char *text)
{
	size_t length = strlen(text);

	while (length && strchr("\r\n\t ", text[length - 1]))
		text[--length] = '\0';
	for (char *c = text; *c; c++)
		if (*c == '\n' || *c == '\r' || *c == '\t')
			*c = ' ';
}

static void write_text(struct fault *fault, const char *message, int domain)
{
	struct arena a = { 0 };
	const char *name = domain_name(domain);
	char *line = arena_copy(&a, message ? message : "no reason given");

	one_line(line);
	if (name)
		fail(&fault->error, "%s (libvirt code %d, %s)",
		    text_clean(&a, line, MESSAGE_MAX), fault->code, name);
	else
		fail(&fault->error, "%s (libvirt code %d, domain %d)",
		    text_clean(&a, line, MESSAGE_MAX), fault->code, domain);
	arena_done(&a);
}

int fault_take(struct fault *fault, virConnectPtr conn)
{
	virErrorPtr error = virSaveLastError(); /* the calls below would overwrite it */
	int code = error ? error->code : VIR_ERR_INTERNAL_ERROR;
	int domain = error ? error->domain : VIR_FROM_NONE;

	fault->code = code;
	fault->lost = conn && (is_loss(code, domain) || virConnectIsAlive(conn) == 0);
	fault->slow = IS_ONE_OF(code, slow_codes);
	fault->refused = !fault->lost && (fault->slow || IS_ONE_OF(code, refusal_codes));
	write_text(fault, error ? error->message : NULL, domain);
	virFreeError(error);
	return -1;
}

int fault_closed(struct fault *fault)
{
	*fault = (struct fault){ .lost = true, .refused = true };
	return fail(&fault->error, "libvirt is not connected");
}
