/* SPDX-License-Identifier: MIT */
/*
 * interface: the control interface io.homek8s.Manager and Varlink's own
 * org.varlink.service: the table of methods (methods.def) with their parameters and the
 * shapes of their replies, the errors with theirs, and the descriptions in the interface
 * definition language, which are made of these tables. The daemon's handlers, the check
 * of parameters and the unit tests go by them.
 */
#ifndef LIB_VIEW_INTERFACE_H
#define LIB_VIEW_INTERFACE_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>

#include "lib/view/shapes.h"

#define INTERFACE_NAME "io.homek8s.Manager"
#define INTERFACE_SERVICE "org.varlink.service"

#define ERROR_NO_SUCH_OBJECT INTERFACE_NAME ".NoSuchObject"
#define ERROR_CONFIG_REFUSED INTERFACE_NAME ".ConfigRefused"
#define ERROR_APPROVAL_CHANGED INTERFACE_NAME ".ApprovalChanged"
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
	bool current;	       /* needs a plan that knows of all events before the call */
	bool streams;	       /* "more" has an effect; elsewhere one reply comes */
	const struct shape *reply;
	const char *help;
	struct interface_parameter parameters[INTERFACE_MAX_PARAMETERS + 1];
};

/* In the order of methods.def, so that a handler has its method's index. */
extern const struct interface_method interface_methods[];
extern const size_t interface_method_count;

/* Appends the description of an interface we have; false for another. */
bool interface_describe(const char *interface, struct text *out);
bool interface_exists(const char *interface);

/* By full name: "io.homek8s.Manager.GetStatus". NULL when there is none. */
const struct interface_method *interface_find(const char *full_name);

/* The shape of an error's parameters, by its full name; aborts on an unknown one. */
const struct shape *interface_error(const char *full_name);

/* The name of the first parameter that is unknown, missing or of a wrong type; NULL when
 * all is well. A parameter that is null counts as left out. Borrowed from either
 * argument. */
const char *interface_check(
    const struct interface_method *method, struct json_object *parameters);

#endif
