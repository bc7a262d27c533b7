/* SPDX-License-Identifier: MIT */
/* resource: the rows, in the order in which discovery lists them. */
#include "test/fake/resource.h"

#include <string.h>

#include "test/fake/buf.h"

#define NS .namespaced = true
#define WIDE .namespaced = false
#define STATUS .has_status = true
#define GEN .has_generation = true
#define CRD .custom = true, .has_generation = true

/* Definitions come first: a saved state must name a resource before it holds any. */
static const struct resource built_in[] = {
	{ "apiextensions.k8s.io", "v1", "customresourcedefinitions",
	    "customresourcedefinition", "CustomResourceDefinition", "crd", STATUS, GEN },
	{ "admissionregistration.k8s.io", "v1", "validatingwebhookconfigurations",
	    "validatingwebhookconfiguration", "ValidatingWebhookConfiguration", NULL,
	    GEN },
	{ "", "v1", "configmaps", "configmap", "ConfigMap", "cm", NS },
	{ "", "v1", "endpoints", "endpoints", "Endpoints", "ep", NS },
	{ "", "v1", "events", "event", "Event", "ev", NS },
	{ "", "v1", "limitranges", "limitrange", "LimitRange", "limits", NS },
	{ "", "v1", "namespaces", "namespace", "Namespace", "ns", STATUS },
	{ "", "v1", "nodes", "node", "Node", "no", STATUS },
	{ "", "v1", "persistentvolumeclaims", "persistentvolumeclaim",
	    "PersistentVolumeClaim", "pvc", NS, STATUS },
	{ "", "v1", "persistentvolumes", "persistentvolume", "PersistentVolume", "pv",
	    STATUS },
	{ "", "v1", "pods", "pod", "Pod", "po", NS, STATUS },
	{ "", "v1", "resourcequotas", "resourcequota", "ResourceQuota", "quota", NS,
	    STATUS },
	{ "", "v1", "secrets", "secret", "Secret", NULL, NS },
	{ "", "v1", "serviceaccounts", "serviceaccount", "ServiceAccount", "sa", NS },
	{ "", "v1", "services", "service", "Service", "svc", NS, STATUS },
	{ "apps", "v1", "daemonsets", "daemonset", "DaemonSet", "ds", NS, STATUS, GEN },
	{ "apps", "v1", "deployments", "deployment", "Deployment", "deploy", NS, STATUS,
	    GEN },
	{ "apps", "v1", "replicasets", "replicaset", "ReplicaSet", "rs", NS, STATUS,
	    GEN },
	{ "apps", "v1", "statefulsets", "statefulset", "StatefulSet", "sts", NS, STATUS,
	    GEN },
	{ "batch", "v1", "cronjobs", "cronjob", "CronJob", "cj", NS, STATUS, GEN },
	{ "batch", "v1", "jobs", "job", "Job", NULL, NS, STATUS, GEN },
	{ "coordination.k8s.io", "v1", "leases", "lease", "Lease", NULL, NS },
	{ "networking.k8s.io", "v1", "ingressclasses", "ingressclass", "IngressClass",
	    NULL, GEN },
	{ "networking.k8s.io", "v1", "ingresses", "ingress", "Ingress", "ing", NS, STATUS,
	    GEN },
	{ "networking.k8s.io", "v1", "networkpolicies", "networkpolicy", "NetworkPolicy",
	    "netpol", NS, GEN },
	{ "policy", "v1", "poddisruptionbudgets", "poddisruptionbudget",
	    "PodDisruptionBudget", "pdb", NS, STATUS, GEN },
	{ "rbac.authorization.k8s.io", "v1", "clusterrolebindings", "clusterrolebinding",
	    "ClusterRoleBinding", NULL, WIDE },
	{ "rbac.authorization.k8s.io", "v1", "clusterroles", "clusterrole", "ClusterRole",
	    NULL, WIDE },
	{ "rbac.authorization.k8s.io", "v1", "rolebindings", "rolebinding", "RoleBinding",
	    NULL, NS },
	{ "rbac.authorization.k8s.io", "v1", "roles", "role", "Role", NULL, NS },
	{ "storage.k8s.io", "v1", "storageclasses", "storageclass", "StorageClass", "sc",
	    WIDE },
	{ "metallb.io", "v1beta1", "ipaddresspools", "ipaddresspool", "IPAddressPool",
	    NULL, NS, STATUS, CRD },
	{ "metallb.io", "v1beta1", "l2advertisements", "l2advertisement",
	    "L2Advertisement", NULL, NS, STATUS, CRD },
	{ "metallb.io", "v1beta1", "bgpadvertisements", "bgpadvertisement",
	    "BGPAdvertisement", NULL, NS, STATUS, CRD },
};

static struct resource table[RESOURCES_MAX];
const struct resource *const resources = table;
size_t resource_count;

void resources_start(void)
{
	memcpy(table, built_in, sizeof(built_in));
	resource_count = sizeof(built_in) / sizeof(*built_in);
}

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
	return !res->retired && (!hidden || strcmp(res->group, hidden));
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
		    !memcmp(res->group, api_version, group) && !res->retired &&
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

static const char *copied(const char *text)
{
	return text ? xstrdup(text) : NULL;
}

bool resource_declare(const struct resource *row)
{
	struct resource *to;

	for (size_t i = 0; i < resource_count; i++) {
		to = &table[i];
		if (strcmp(to->group, row->group) || strcmp(to->version, row->version) ||
		    strcmp(to->plural, row->plural))
			continue;
		to->retired = false;
		return true;
	}
	if (resource_count == RESOURCES_MAX)
		return false;
	to = &table[resource_count++];
	*to = *row;
	to->group = xstrdup(row->group);
	to->version = xstrdup(row->version);
	to->plural = xstrdup(row->plural);
	to->singular = xstrdup(row->singular);
	to->kind = xstrdup(row->kind);
	to->short_name = copied(row->short_name);
	return true;
}

void resource_retire(const char *group, const char *plural)
{
	for (size_t i = 0; i < resource_count; i++)
		if (!strcmp(table[i].group, group) && !strcmp(table[i].plural, plural))
			table[i].retired = true;
}
