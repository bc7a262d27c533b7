/* SPDX-License-Identifier: MIT */
/*
 * interface: the control interface io.homek8s.Manager and Varlink's own
 * org.varlink.service: their descriptions in the interface definition language (with a
 * comment for every method), the table of methods with their parameters, and the errors.
 * The table is the single list: the daemon's handlers, the check of parameters and the
 * unit test of the descriptions go by it.
 */
#ifndef LIB_WIRE_INTERFACE_H
#define LIB_WIRE_INTERFACE_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>

#define INTERFACE_NAME "io.homek8s.Manager"
#define INTERFACE_SERVICE "org.varlink.service"

#define ERROR_NO_SUCH_OBJECT INTERFACE_NAME ".NoSuchObject"
#define ERROR_CONFIG_REFUSED INTERFACE_NAME ".ConfigRefused"
#define ERROR_NOT_POSSIBLE INTERFACE_NAME ".NotPossible"
#define ERROR_BUSY INTERFACE_NAME ".Busy"
#define ERROR_PERMISSION_DENIED INTERFACE_SERVICE ".PermissionDenied"
#define ERROR_INVALID_PARAMETER INTERFACE_SERVICE ".InvalidParameter"
#define ERROR_METHOD_NOT_FOUND INTERFACE_SERVICE ".MethodNotFound"
#define ERROR_INTERFACE_NOT_FOUND INTERFACE_SERVICE ".InterfaceNotFound"

#define INTERFACE_MAX_PARAMETERS 4
#define INTERFACE_MAX_STRING 1024

struct interface_parameter {
	const char *name;    /* NULL after the last */
	enum json_type type; /* string or int; an int is never negative, a string
				  holds no control characters */
	bool needed;
};

struct interface_method {
	const char *interface; /* INTERFACE_NAME or INTERFACE_SERVICE */
	const char *name;      /* "GetStatus" */
	bool changes;	       /* needs permission */
	bool streams;	       /* "more" has an effect; elsewhere one answer comes */
	struct interface_parameter parameters[INTERFACE_MAX_PARAMETERS + 1];
};

extern const struct interface_method interface_methods[];
extern const size_t interface_method_count;

/* The description of an interface we have, by its name; NULL for another. */
const char *interface_description(const char *interface);

/* By full name: "io.homek8s.Manager.GetStatus". NULL when there is none. */
const struct interface_method *interface_find(const char *full_name);

/* The name of the first parameter that is unknown, missing or of a wrong type; NULL when
 * all is well. A parameter that is null counts as left out. Borrowed from either
 * argument. */
const char *interface_check(
    const struct interface_method *method, struct json_object *parameters);

#endif
