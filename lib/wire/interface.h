/* SPDX-License-Identifier: MIT */
/*
 * interface: the control interface io.homek8s.Manager: its description in Varlink's
 * interface definition language (with a comment for every method), its method table, and
 * its errors.
 */
#ifndef LIB_WIRE_INTERFACE_H
#define LIB_WIRE_INTERFACE_H

#include <stdbool.h>
#include <stddef.h>

#define INTERFACE_NAME "io.homek8s.Manager"

#define ERROR_NO_SUCH_OBJECT INTERFACE_NAME ".NoSuchObject"
#define ERROR_CONFIG_REFUSED INTERFACE_NAME ".ConfigRefused"
#define ERROR_NOT_POSSIBLE INTERFACE_NAME ".NotPossible"
#define ERROR_PERMISSION_DENIED "org.varlink.service.PermissionDenied"
#define ERROR_INVALID_PARAMETER "org.varlink.service.InvalidParameter"
#define ERROR_METHOD_NOT_FOUND "org.varlink.service.MethodNotFound"
#define ERROR_INTERFACE_NOT_FOUND "org.varlink.service.InterfaceNotFound"

struct interface_method {
	const char *name; /* "GetStatus" */
	bool changes;	  /* needs permission */
	bool streams;	  /* may be called with "more" */
};

extern const struct interface_method interface_methods[];
extern const size_t interface_method_count;
extern const char interface_description[];

const struct interface_method *interface_find(const char *full_name);

#endif
