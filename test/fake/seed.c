/* SPDX-License-Identifier: MIT */
/* seed: a small cluster, written as JSON text. */
#include "test/fake/seed.h"

#include <stdlib.h>
#include <string.h>

#include "test/fake/admit.h"
#include "test/fake/managed.h"
#include "test/fake/plain.h"
#include "test/fake/tree.h"

/* Takes over the text. */
static void put(struct fake *f, char *text)
{
	const char *why;
	struct json_object *obj = tree_parse(text, strlen(text), &why);

	if (!obj || plain_store(f, obj))
		abort();
	json_object_put(obj);
	free(text);
}

static void put_namespace(struct fake *f, const char *name)
{
	put(f, xfmt("{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{"
		    "\"name\":\"%s\","
		    "\"labels\":{\"kubernetes.io/metadata.name\":\"%s\"}},"
		    "\"spec\":{\"finalizers\":[\"kubernetes\"]},\"status\":{\"phase\":"
		    "\"Active\"}}",
		   name, name));
}

void seed_base(struct fake *f)
{
	put_namespace(f, "default");
	put_namespace(f, "kube-system");
	if (resource_served(resource_by_name("ipaddresspools.metallb.io")))
		put_namespace(f, METALLB_NAMESPACE);
}

static char *condition(const char *type, const char *status, const char *reason)
{
	return xfmt("{\"type\":\"%s\",\"status\":\"%s\",\"reason\":\"%s\","
		    "\"message\":\"\",\"lastHeartbeatTime\":\"%s\","
		    "\"lastTransitionTime\":\"%s\"}",
	    type, status, reason, time_now(), time_now());
}

static char *node_status(const char *name, int host, int cpus, int gib)
{
	char *pressure =
	    condition("MemoryPressure", "False", "KubeletHasSufficientMemory");
	char *ready = condition("Ready", "True", "KubeletReady");
	char *text = xfmt(
	    "{\"addresses\":[{\"type\":\"InternalIP\",\"address\":\"192.168.122.%d\"},"
	    "{\"type\":\"Hostname\",\"address\":\"%s\"}],"
	    "\"capacity\":{\"cpu\":\"%d\",\"memory\":\"%dKi\",\"pods\":\"110\"},"
	    "\"allocatable\":{\"cpu\":\"%d\",\"memory\":\"%dKi\",\"pods\":\"110\"},"
	    "\"conditions\":[%s,%s],\"nodeInfo\":{\"architecture\":\"amd64\","
	    "\"containerRuntimeVersion\":\"containerd://1.7.2\",\"kernelVersion\":"
	    "\"6.8.0-generic\",\"kubeletVersion\":\"v1.29.0\",\"kubeProxyVersion\":\"v1."
	    "29.0\","
	    "\"machineID\":\"52540000000040008000192168122%03d\",\"operatingSystem\":"
	    "\"linux\","
	    "\"osImage\":\"Ubuntu 24.04 LTS\","
	    "\"systemUUID\":\"52540000-0000-4000-8000-192168122%03d\"}}",
	    host, name, cpus, gib << 20, cpus, gib << 20, pressure, ready, host, host);

	free(pressure);
	free(ready);
	return text;
}

static void put_node(struct fake *f, const char *name, int host, int cpus, int gib)
{
	bool head = !strcmp(name, "control-plane");
	char *status = node_status(name, host, cpus, gib);

	put(f,
	    xfmt("{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"metadata\":{\"name\":\"%s\","
		 "\"labels\":{\"kubernetes.io/hostname\":\"%s\",\"kubernetes.io/"
		 "os\":\"linux\","
		 "\"kubernetes.io/"
		 "arch\":\"amd64\"%s}},\"spec\":{\"podCIDR\":\"10.244.%d.0/24\","
		 "\"podCIDRs\":[\"10.244.%d.0/24\"]%s},\"status\":%s}",
		name, name, head ? ",\"node-role.kubernetes.io/control-plane\":\"\"" : "",
		host - 10, host - 10,
		head ? ",\"taints\":[{\"key\":\"node-role.kubernetes.io/control-plane\","
		       "\"effect\":\"NoSchedule\"}]"
		     : "",
		status));
	free(status);
}

void seed_home(struct fake *f)
{
	put_node(f, "control-plane", 10, 4, 8);
	put_node(f, "worker-1", 11, 2, 4);
	put_node(f, "worker-2", 12, 2, 4);
	put_namespace(f, "ingress-nginx");
	put(f,
	    xstrdup(
		"{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{"
		"\"name\":\"ingress-nginx-controller\",\"namespace\":\"ingress-nginx\","
		"\"labels\":{\"app.kubernetes.io/name\":\"ingress-nginx\"}},"
		"\"spec\":{\"type\":\"LoadBalancer\",\"clusterIP\":\"10.96.100.100\","
		"\"clusterIPs\":[\"10.96.100.100\"],\"externalTrafficPolicy\":"
		"\"Cluster\","
		"\"ipFamilies\":[\"IPv4\"],\"ipFamilyPolicy\":\"SingleStack\","
		"\"ports\":[{\"name\":\"http\",\"port\":80,\"protocol\":\"TCP\","
		"\"targetPort\":\"http\",\"nodePort\":30080},{\"name\":\"https\","
		"\"port\":443,\"protocol\":\"TCP\",\"targetPort\":\"https\","
		"\"nodePort\":30443}],"
		"\"selector\":{\"app.kubernetes.io/name\":\"ingress-nginx\"}},"
		"\"status\":{\"loadBalancer\":{\"ingress\":[{\"ip\":\"192.168.122.100\","
		"\"ipMode\":\"VIP\"}]}}}"));
}
