/* SPDX-License-Identifier: MIT */
/*
 * heart: what the parts of reconcile share: reconcile.c plans and tells, hearing.c takes
 * in what the back ends say, asked.c does what users ask for.
 */
#ifndef DAEMON_HEART_H
#define DAEMON_HEART_H

#include "daemon/host/libvirt_files.h"
#include "daemon/host/watch.h"
#include "daemon/host/state_writer.h"
#include "daemon/kube/kube.h"
#include "daemon/lanes.h"
#include "daemon/reconcile.h"
#include "daemon/virt/virt.h"

struct reconcile {
	struct ev_loop *loop;
	struct reconcile_options options;
	struct config *config;
	struct config_view load;
	struct text load_errors;
	struct observations observed;
	struct state state;
	struct plan *plan;
	struct view view; /* the states of the sources as reported last, and when the
			     plan was made */
	struct virt *virt;
	struct kube *kube;
	struct lanes *lanes;
	struct watch *watch;
	struct libvirt_files *files;
	char *watched;	       /* the kubeconfig it also watches */
	ev_timer plan_timer;   /* the next plan, soon */
	ev_timer wake_timer;   /* the time the last plan asked for */
	ev_timer resync_timer; /* a full look */
	ev_timer save_timer;
	int64_t planned_us,
	    plan_took_us;    /* when the last plan was made, and how long it took */
	unsigned idle_plans; /* of this burst, in a row, that found nothing to do */
	struct state_writer *writer; /* NULL: nothing is kept on disk */
	uint64_t saved;		     /* state.persistent_changes handed to it */
	bool starting; /* callbacks of the back ends run before they are known */
};

/* Something changed: plan soon (see the theory at the head of reconcile.c). */
void heart_ring(struct reconcile *r);
/* Plan in this very turn of the loop. */
void heart_plan(struct reconcile *r);
/* Makes a configuration the one in force; the old one is freed. */
void heart_adopt(struct reconcile *r, struct config *config);
/* Notes whether the last load was good, and its errors. */
void heart_set_load(struct reconcile *r, bool ok, const struct text *errors);

/* What is already seen of an object concerns another desired one from now on. */
void hearing_remember(struct reconcile *r, const struct observed *seen);
/* hearing.c: callbacks for both back ends, and telling a source's state. */
extern const struct virt_callbacks hearing_virt;
extern const struct kube_callbacks hearing_kube;
extern const struct lanes_hooks hearing_lanes;
void hearing_states(struct reconcile *r);

#endif
