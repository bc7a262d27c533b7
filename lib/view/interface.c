/* SPDX-License-Identifier: MIT */
/* interface: the tables of the control interface, and what is made of them. */
#include "lib/view/interface.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/text.h"

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
#define READS 0u
#define CHANGES 1u
#define CURRENT 2u
#define STREAMS 4u
#define METHOD(interface_, name_, handler, flags, shape_, help_, ...)                    \
	{                                                                                \
		.interface = interface_,                                                 \
		.name = #name_,                                                          \
		.changes = (flags)&CHANGES,                                              \
		.current = (flags)&CURRENT,                                              \
		.streams = (flags)&STREAMS,                                              \
		.reply = &shape_,                                                        \
		.help = help_,                                                           \
		.parameters = { __VA_ARGS__ },                                           \
	},

const struct interface_method interface_methods[] = {
#include "lib/view/methods.def"
};

const size_t interface_method_count =
    sizeof(interface_methods) / sizeof(interface_methods[0]);

static const struct {
	const char *name; /* full */
	const struct shape *shape;
	const char *help;
} errors[] = {
	{ ERROR_NO_SUCH_OBJECT, &no_such_object_shape,
	    "There is no object of that kind and name." },
	{ ERROR_CONFIG_REFUSED, &refused_shape,
	    "The configuration has errors, all of them in `errors`; the last good one stays in force." },
	{ ERROR_APPROVAL_CHANGED, &approval_shape,
	    "What waits for approval is not what the hash stands for; this is what waits now. Nothing was approved." },
	{ ERROR_NOT_POSSIBLE, &text_shape, "It cannot be done now; `text` says why." },
	{ ERROR_BUSY, &text_shape,
	    "Too many connections, or too much that nobody reads; `text` says which." },
	{ ERROR_INTERFACE_NOT_FOUND, &interface_shape,
	    "The service has no such interface." },
	{ ERROR_METHOD_NOT_FOUND, &method_shape, "The interface has no such method." },
	{ INTERFACE_SERVICE ".MethodNotImplemented", &method_shape,
	    "The interface has the method, the service does not." },
	{ ERROR_INVALID_PARAMETER, &parameter_shape,
	    "A parameter is unknown, missing, or not as described." },
	{ ERROR_PERMISSION_DENIED, &empty_shape, "The caller may not do this." },
	{ INTERFACE_SERVICE ".ExpectedMore", &empty_shape,
	    "The method must be called with more." },
};

#define ERRORS (sizeof(errors) / sizeof(errors[0]))

static const struct {
	const char *name, *help;
} interfaces[] = {
	{ INTERFACE_NAME,
	    "homek8sd keeps a home as it is written: networks, reservations and virtual machines of libvirt, and address pools of MetalLB. Everybody who may connect may read; what changes something needs root, the daemon's own user or group homek8s. The format only ever grows: skip members you do not know. `object` is a JSON object whose keys depend on the kind." },
	{ INTERFACE_SERVICE,
	    "What every Varlink service offers: who it is and which interfaces it has." },
};

#define INTERFACES (sizeof(interfaces) / sizeof(interfaces[0]))

/* Descriptions */

/* Types that have been described already. */
struct types {
	const struct shape *shapes[32];
	size_t count;
};

/* The types of the rows below, each before what it is used in, and once. */
static void describe_types(
    const struct shape *shape, struct types *types, struct text *out)
{
	for (const struct shape_row *row = shape->rows; row->key; row++) {
		size_t i = 0;

		if (!row->shape)
			continue;
		while (i < types->count && types->shapes[i] != row->shape)
			i++;
		if (i < types->count)
			continue;
		if (types->count == sizeof(types->shapes) / sizeof(types->shapes[0]))
			abort();
		types->shapes[types->count++] = row->shape;
		describe_types(row->shape, types, out);
		text_add(out, "\n");
		shape_idl_paragraph(row->shape->help, "", out);
		shape_idl_comment(row->shape, out);
		text_add(out, "type %s ", row->shape->name);
		shape_idl(row->shape, out);
	}
}

static void describe_method(const struct interface_method *m, struct text *out)
{
	const struct interface_parameter *p = m->parameters;

	text_add(out, "\n");
	shape_idl_paragraph(m->help, "", out);
	shape_idl_comment(m->reply, out);
	text_add(out, "method %s(", m->name);
	for (; p->name; p++)
		text_add(out, "%s%s: %s%s", p == m->parameters ? "" : ", ", p->name,
		    p->needed ? "" : "?", p->type == json_type_int ? "int" : "string");
	text_add(out, ") -> ");
	shape_idl(m->reply, out);
}

/* Is the error one of the interface? Then *name is its own. */
static bool error_of(size_t error, const char *interface, const char **name)
{
	const char *dot = strrchr(errors[error].name, '.');

	*name = dot + 1;
	return strlen(interface) == (size_t)(dot - errors[error].name) &&
	       strncmp(errors[error].name, interface, strlen(interface)) == 0;
}

static void describe_members(const char *interface, struct text *out)
{
	struct types types = { .count = 0 };
	const char *name;

	for (size_t i = 0; i < interface_method_count; i++)
		if (strcmp(interface_methods[i].interface, interface) == 0)
			describe_types(interface_methods[i].reply, &types, out);
	for (size_t i = 0; i < interface_method_count; i++)
		if (strcmp(interface_methods[i].interface, interface) == 0)
			describe_method(&interface_methods[i], out);
	for (size_t i = 0; i < ERRORS; i++) {
		if (!error_of(i, interface, &name))
			continue;
		text_add(out, "\n");
		shape_idl_paragraph(errors[i].help, "", out);
		text_add(out, "error %s ", name);
		shape_idl(errors[i].shape, out);
	}
}

/* INTERFACES when there is none. */
static size_t interface_index(const char *interface)
{
	size_t i = 0;

	while (i < INTERFACES && strcmp(interfaces[i].name, interface) != 0)
		i++;
	return i;
}

bool interface_exists(const char *interface)
{
	return interface_index(interface) < INTERFACES;
}

bool interface_describe(const char *interface, struct text *out)
{
	size_t i = interface_index(interface);

	if (i == INTERFACES)
		return false;
	shape_idl_paragraph(interfaces[i].help, "", out);
	text_add(out, "interface %s\n", interface);
	describe_members(interface, out);
	return true;
}

const struct shape *interface_error(const char *full_name)
{
	for (size_t i = 0; i < ERRORS; i++)
		if (strcmp(errors[i].name, full_name) == 0)
			return errors[i].shape;
	abort();
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
