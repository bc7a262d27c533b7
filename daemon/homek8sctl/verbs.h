/* SPDX-License-Identifier: MIT */
/* verbs: what each command does; each returns the exit status of the program. */
#ifndef DAEMON_HOMEK8SCTL_VERBS_H
#define DAEMON_HOMEK8SCTL_VERBS_H

#include "daemon/homek8sctl/ctl.h"

/* verbs.c: commands that show what the daemon knows */
enum status verb_status(struct ctl *ctl);
enum status verb_list(struct ctl *ctl);
enum status verb_describe(struct ctl *ctl);
enum status verb_plan(struct ctl *ctl);
enum status verb_diff(struct ctl *ctl);
enum status verb_events(struct ctl *ctl); /* verbs_events.c */
enum status verb_import(struct ctl *ctl);
enum status verb_call(struct ctl *ctl);

/* verbs_change.c: commands that ask the daemon to do something; verbs_approve.c */
enum status verb_reconcile(struct ctl *ctl);
enum status verb_reload(struct ctl *ctl);
enum status verb_pause(struct ctl *ctl);
enum status verb_resume(struct ctl *ctl);
enum status verb_start(struct ctl *ctl);
enum status verb_stop(struct ctl *ctl);
enum status verb_restart(struct ctl *ctl);
enum status verb_approve(struct ctl *ctl);

/* verbs_local.c: commands that need no daemon; verbs_wait.c */
enum status verb_validate(struct ctl *ctl);
enum status verb_doctor(struct ctl *ctl); /* doctor.c */
enum status verb_explain(struct ctl *ctl);
enum status verb_example(struct ctl *ctl);
enum status verb_version(struct ctl *ctl);
enum status verb_wait(struct ctl *ctl);

/* example.c: a small desired state with comments. */
extern const char example_text[];

#endif
