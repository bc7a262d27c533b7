/* SPDX-License-Identifier: MIT */
/* output: a reply of the daemon as the user requested it: JSON as it came, YAML, names
 * only, or text by one of the renderers (render.h). */
#ifndef DAEMON_HOMEK8SCTL_OUTPUT_H
#define DAEMON_HOMEK8SCTL_OUTPUT_H

#include "daemon/homek8sctl/ctl.h"

/* output.c: `text` renders OUTPUT_TABLE and OUTPUT_WIDE. For OUTPUT_NAME the member
 * `names` of the reply is a list of objects with kind and name, or NULL: the reply is
 * one. With -w JSON is one line per reply. */
void output(struct ctl *ctl, struct json_object *reply, const char *names,
    void (*text)(struct ctl *ctl, struct json_object *reply));

/* yaml.c: block style; texts are quoted where a reader could take them for something
 * else. */
void yaml_print(struct json_object *o);

#endif
