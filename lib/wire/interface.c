/* SPDX-License-Identifier: MIT */
/* interface: the tables and texts of the control interface. */
#include "lib/wire/interface.h"

#include <stdint.h>
#include <string.h>

#include "lib/base/text.h"

static const char manager_description[] =
    "# homek8sd keeps a home as it is written down: networks, leases and virtual machines\n"
    "# of libvirt, and address pools of MetalLB. Everybody who may connect may read; what\n"
    "# changes something needs root, the daemon's own user or group homek8s. The format\n"
    "# only ever grows: skip members you do not know.\n"
    "interface " INTERFACE_NAME "\n"
    "\n"
    "# One key that is otherwise than it is written. Values are texts as one would write\n"
    "# them; null: not there.\n"
    "type Change (\n"
    "  field: string,\n"
    "  want: ?string,\n"
    "  have: ?string\n"
    ")\n"
    "\n"
    "# What is to be said of one object. since: RFC 3339; retry_in: milliseconds.\n"
    "type ObjectStatus (\n"
    "  kind: string,\n"
    "  name: string,\n"
    "  verdict: (converged, pending, failing, blocked, unknown, paused),\n"
    "  reason: string,\n"
    "  since: ?string,\n"
    "  changes: []Change,\n"
    "  error: ?string,\n"
    "  retry_in: ?int\n"
    ")\n"
    "\n"
    "# Something remarkable. id is stable, at is FILE:LINE:COLUMN.\n"
    "type Finding (\n"
    "  id: string,\n"
    "  severity: (error, warning, info),\n"
    "  objects: []string,\n"
    "  text: string,\n"
    "  fix: ?string,\n"
    "  at: ?string\n"
    ")\n"
    "\n"
    "# One object in a list; fields holds what its kind shows.\n"
    "type ListedObject (\n"
    "  kind: string,\n"
    "  name: string,\n"
    "  verdict: string,\n"
    "  reason: string,\n"
    "  since: ?string,\n"
    "  fields: object\n"
    ")\n"
    "\n"
    "# One step of a plan. held: not now, for the reason in why_held.\n"
    "type Step (\n"
    "  kind: string,\n"
    "  name: string,\n"
    "  text: string,\n"
    "  reason: string,\n"
    "  held: bool,\n"
    "  why_held: ?string\n"
    ")\n"
    "\n"
    "# A change that waits for Approve, and what it would do to whom.\n"
    "type Approval (\n"
    "  kind: string,\n"
    "  name: string,\n"
    "  consent: string\n"
    ")\n"
    "\n"
    "# What is not as it is written, or not known to be, and has no step.\n"
    "type Other (\n"
    "  kind: string,\n"
    "  name: string,\n"
    "  verdict: string,\n"
    "  reason: string,\n"
    "  since: ?string\n"
    ")\n"
    "\n"
    "# One key in three places: as written, as it runs, as it is stored.\n"
    "type Difference (\n"
    "  field: string,\n"
    "  want: ?string,\n"
    "  live: ?string,\n"
    "  persistent: ?string\n"
    ")\n"
    "\n"
    "type ObjectDifference (\n"
    "  kind: string,\n"
    "  name: string,\n"
    "  changes: []Difference\n"
    ")\n"
    "\n"
    "# One entry of the history. seq counts up; time is RFC 3339.\n"
    "type Event (\n"
    "  seq: int,\n"
    "  time: string,\n"
    "  level: string,\n"
    "  kind: ?string,\n"
    "  name: ?string,\n"
    "  action: ?string,\n"
    "  result: ?string,\n"
    "  text: string\n"
    ")\n"
    "\n"
    "# The whole home in one answer. With more: again whenever something changes; a client\n"
    "# that reads slowly gets the latest, not every one.\n"
    "method GetStatus() -> (\n"
    "  verdict: (converged, converging, degraded, blocked, paused, unknown),\n"
    "  headline: string,\n"
    "  summary: string,\n"
    "  sources: object,\n"
    "  objects: []ObjectStatus,\n"
    "  findings: []Finding\n"
    ")\n"
    "\n"
    "# The objects of a kind, or all. With more: again whenever something changes.\n"
    "method List(kind: ?string) -> (objects: []ListedObject)\n"
    "\n"
    "# Everything known of one object.\n"
    "method Describe(kind: string, name: string) -> (\n"
    "  kind: string,\n"
    "  name: string,\n"
    "  verdict: string,\n"
    "  reason: string,\n"
    "  since: ?string,\n"
    "  error: ?string,\n"
    "  retry_in: ?int,\n"
    "  desired: ?object,\n"
    "  live: ?object,\n"
    "  persistent: ?object,\n"
    "  conditions: []object,\n"
    "  changes: []object,\n"
    "  findings: []Finding,\n"
    "  history: []Event\n"
    ")\n"
    "\n"
    "# What would be done now, in order, and what waits for approval.\n"
    "method Plan() -> (\n"
    "  steps: []Step,\n"
    "  approvals: []Approval,\n"
    "  others: []Other\n"
    ")\n"
    "\n"
    "# Every key that is otherwise than it is written; unknown: what cannot be looked at.\n"
    "method Diff() -> (objects: []ObjectDifference, unknown: []Other)\n"
    "\n"
    "# Look and act now: forgets back-off and giving up, of one object or of all.\n"
    "method Reconcile(kind: ?string, name: ?string) -> ()\n"
    "\n"
    "# Read the configuration again. A bad one changes nothing.\n"
    "method Reload() -> (generation: int)\n"
    "\n"
    "# Hands off one object, or all. Without milliseconds: until Resume.\n"
    "method Pause(kind: ?string, name: ?string, reason: ?string, milliseconds: ?int) -> ()\n"
    "\n"
    "# The end of a pause.\n"
    "method Resume(kind: ?string, name: ?string) -> ()\n"
    "\n"
    "# Consent to the change that waits for it, exactly as it stands in Plan now.\n"
    "method Approve(kind: string, name: string) -> ()\n"
    "\n"
    "# The history, oldest first, from after the given seq. With more: goes on.\n"
    "method Events(after: ?int) -> (events: []Event)\n"
    "\n"
    "# The version of the daemon, and what it can do.\n"
    "method GetVersion() -> (version: string, features: []string)\n"
    "\n"
    "# There is no object of that kind and name.\n"
    "error NoSuchObject (kind: string, name: ?string, text: string)\n"
    "\n"
    "# The configuration has errors, all of them in errors; the last good one stays.\n"
    "error ConfigRefused (errors: string)\n"
    "\n"
    "# It cannot be done now; text says why.\n"
    "error NotPossible (text: string)\n"
    "\n"
    "# Too many connections.\n"
    "error Busy (text: string)\n";

static const char service_description[] =
    "# What every Varlink service offers: who it is and which interfaces it has.\n"
    "interface " INTERFACE_SERVICE "\n"
    "\n"
    "# Name and version of the service, and the interfaces it implements.\n"
    "method GetInfo() -> (\n"
    "  vendor: string,\n"
    "  product: string,\n"
    "  version: string,\n"
    "  url: string,\n"
    "  interfaces: []string\n"
    ")\n"
    "\n"
    "# An interface in the interface definition language.\n"
    "method GetInterfaceDescription(interface: string) -> (description: string)\n"
    "\n"
    "# The service has no such interface.\n"
    "error InterfaceNotFound (interface: string)\n"
    "\n"
    "# The interface has no such method.\n"
    "error MethodNotFound (method: string)\n"
    "\n"
    "# The interface has the method, the service does not.\n"
    "error MethodNotImplemented (method: string)\n"
    "\n"
    "# A parameter is unknown, missing, or not as described.\n"
    "error InvalidParameter (parameter: string)\n"
    "\n"
    "# The caller may not do this.\n"
    "error PermissionDenied ()\n"
    "\n"
    "# The method must be called with more.\n"
    "error ExpectedMore ()\n";

#define STRING(key)                                                                      \
	{                                                                                \
		.name = key, .type = json_type_string                                    \
	}
#define STRING_NEEDED(key)                                                               \
	{                                                                                \
		.name = key, .type = json_type_string, .needed = true                    \
	}
#define INT(key)                                                                         \
	{                                                                                \
		.name = key, .type = json_type_int                                       \
	}

const struct interface_method interface_methods[] = {
	{ .interface = INTERFACE_NAME, .name = "GetStatus", .streams = true },
	{ .interface = INTERFACE_NAME,
	    .name = "List",
	    .streams = true,
	    .parameters = { STRING("kind") } },
	{ .interface = INTERFACE_NAME,
	    .name = "Describe",
	    .parameters = { STRING_NEEDED("kind"), STRING_NEEDED("name") } },
	{ .interface = INTERFACE_NAME, .name = "Plan" },
	{ .interface = INTERFACE_NAME, .name = "Diff" },
	{ .interface = INTERFACE_NAME,
	    .name = "Reconcile",
	    .changes = true,
	    .parameters = { STRING("kind"), STRING("name") } },
	{ .interface = INTERFACE_NAME, .name = "Reload", .changes = true },
	{ .interface = INTERFACE_NAME,
	    .name = "Pause",
	    .changes = true,
	    .parameters = { STRING("kind"), STRING("name"), STRING("reason"),
		INT("milliseconds") } },
	{ .interface = INTERFACE_NAME,
	    .name = "Resume",
	    .changes = true,
	    .parameters = { STRING("kind"), STRING("name") } },
	{ .interface = INTERFACE_NAME,
	    .name = "Approve",
	    .changes = true,
	    .parameters = { STRING_NEEDED("kind"), STRING_NEEDED("name") } },
	{ .interface = INTERFACE_NAME,
	    .name = "Events",
	    .streams = true,
	    .parameters = { INT("after") } },
	{ .interface = INTERFACE_NAME, .name = "GetVersion" },
	{ .interface = INTERFACE_SERVICE, .name = "GetInfo" },
	{ .interface = INTERFACE_SERVICE,
	    .name = "GetInterfaceDescription",
	    .parameters = { STRING_NEEDED("interface") } },
};

const size_t interface_method_count =
    sizeof(interface_methods) / sizeof(interface_methods[0]);

const char *interface_description(const char *interface)
{
	if (strcmp(interface, INTERFACE_NAME) == 0)
		return manager_description;
	if (strcmp(interface, INTERFACE_SERVICE) == 0)
		return service_description;
	return NULL;
}

const struct interface_method *interface_find(const char *full_name)
{
	const char *dot = strrchr(full_name, '.');
	size_t length = dot ? (size_t)(dot - full_name) : 0;

	for (size_t i = 0; dot && i < interface_method_count; i++) {
		const struct interface_method *m = &interface_methods[i];

		if (strlen(m->interface) == length &&
		    memcmp(m->interface, full_name, length) == 0 &&
		    strcmp(m->name, dot + 1) == 0)
			return m;
	}
	return NULL;
}

static const struct interface_parameter *find_parameter(
    const struct interface_method *method, const char *name)
{
	const struct interface_parameter *p = method->parameters;

	while (p->name && strcmp(p->name, name) != 0)
		p++;
	return p->name ? p : NULL;
}

static bool value_fits(const struct interface_parameter *p, struct json_object *value)
{
	size_t length;

	if (!json_object_is_type(value, p->type))
		return false;
	if (p->type == json_type_int)
		/* json-c saturates what is too large; such a number is nobody's. */
		return json_object_get_int64(value) >= 0 &&
		       json_object_get_int64(value) != INT64_MAX;
	/* Texts end up in logs, on terminals and in names: no control characters. */
	length = (size_t)json_object_get_string_len(value);
	return length <= INTERFACE_MAX_STRING &&
	       text_control(json_object_get_string(value), length, false) < 0;
}

const char *interface_check(
    const struct interface_method *method, struct json_object *parameters)
{
	const struct interface_parameter *p;
	struct json_object *value;

	json_object_object_foreach (parameters, key, member) {
		p = find_parameter(method, key);
		if (!p || (member && !value_fits(p, member)))
			return key;
	}
	for (p = method->parameters; p->name; p++)
		if (p->needed &&
		    (!json_object_object_get_ex(parameters, p->name, &value) || !value))
			return p->name;
	return NULL;
}
