/* SPDX-License-Identifier: MIT */
/* resource: the rows, in the order in which discovery lists them. */
#include "test/fake/resource.h"

#include <string.h>

#include "test/fake/buf.h"

#define NS .namespaced = true
#define STATUS .has_status = true
#define GEN .has_generation = true
#define CRD .custom = true, .has_generation = true

const struct resource resources[] = {
	{ "", "v1", "configmaps", "configmap", "ConfigMap", "cm", NS },
	{ "", "v1", "events", "event", "Event", "ev", NS },
	{ "", "v1", "namespaces", "namespace", "Namespace", "ns", STATUS },
	{ "", "v1", "nodes", "node", "Node", "no", STATUS },
	{ "", "v1", "pods", "pod", "Pod", "po", NS, STATUS },
	{ "", "v1", "secrets", "secret", "Secret", NULL, NS },
	{ "", "v1", "services", "service", "Service", "svc", NS, STATUS },
	{ "apps", "v1", "daemonsets", "daemonset", "DaemonSet", "ds", NS, STATUS, GEN },
	{ "apps", "v1", "deployments", "deployment", "Deployment", "deploy", NS, STATUS,
	    GEN },
	{ "coordination.k8s.io", "v1", "leases", "lease", "Lease", NULL, NS },
	{ "networking.k8s.io", "v1", "networkpolicies", "networkpolicy", "NetworkPolicy",
	    "netpol", NS, GEN },
	{ "metallb.io", "v1beta1", "ipaddresspools", "ipaddresspool", "IPAddressPool",
	    NULL, NS, STATUS, CRD },
	{ "metallb.io", "v1beta1", "l2advertisements", "l2advertisement",
	    "L2Advertisement", NULL, NS, STATUS, CRD },
};

const size_t resource_count = sizeof(resources) / sizeof(*resources);

static const char *hidden;

bool resource_serve_group(const char *group, bool serve)
{
	for (size_t i = 0; i < resource_count; i++) {
		if (strcmp(resources[i].group, group))
			continue;
		hidden = serve ? NULL : resources[i].group;
		return true;
	}
	return false;
}

bool resource_served(const struct resource *res)
{
	return !hidden || strcmp(res->group, hidden);
}

const struct resource *resource_by_url(
    const char *group, const char *version, const char *plural)
{
	for (size_t i = 0; i < resource_count; i++) {
		const struct resource *res = &resources[i];

		if (!strcmp(res->group, group) && !strcmp(res->version, version) &&
		    !strcmp(res->plural, plural) && resource_served(res))
			return res;
	}
	return NULL;
}

const struct resource *resource_by_kind(const char *api_version, const char *kind)
{
	const char *slash = strchr(api_version, '/');
	size_t group = slash ? (size_t)(slash - api_version) : 0;
	const char *version = slash ? slash + 1 : api_version;

	for (size_t i = 0; i < resource_count; i++) {
		const struct resource *res = &resources[i];

		if (strlen(res->group) == group &&
		    !memcmp(res->group, api_version, group) &&
		    !strcmp(res->version, version) && !strcmp(res->kind, kind))
			return res;
	}
	return NULL;
}

const struct resource *resource_by_name(const char *name)
{
	size_t n = strcspn(name, ".");

	for (size_t i = 0; i < resource_count; i++) {
		const struct resource *res = &resources[i];

		if (strlen(res->plural) == n && !memcmp(res->plural, name, n) &&
		    (!name[n] || !strcmp(name + n + 1, res->group)))
			return res;
	}
	return NULL;
}

char *resource_api_version(const struct resource *res)
{
	return xfmt("%s%s%s", res->group, *res->group ? "/" : "", res->version);
}

char *resource_full_name(const struct resource *res)
{
	return xfmt("%s%s%s", res->plural, *res->group ? "." : "", res->group);
}
