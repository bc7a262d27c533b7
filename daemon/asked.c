/* SPDX-License-Identifier: MIT */
/* asked: what users ask for over the socket: reload, reconcile, pause, resume, approve.
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/heart.h"
#include "daemon/host/clock.h"
#include "daemon/journal/journal.h"
#include "daemon/loading.h"

int reconcile_reload(struct reconcile *r, struct text *errors)
{
	struct config *config = loading_read(r->options.config_dir, r->writer, errors);

	heart_set_load(r, config, errors);
	if (!config) {
		journal_say(LEVEL_ERROR, MESSAGE_CONFIG_REFUSED, NULL,
		    "the configuration is refused, the last good one stays in force\n%s",
		    text_get(errors));
		heart_ring(r);
		return -1;
	}
	lanes_abandon(r->lanes);
	heart_adopt(r, config);
	r->state.persistent_changes++; /* what is wanted of VMs */
	journal_say(LEVEL_NOTICE, MESSAGE_CONFIG_LOADED, NULL,
	    "configuration %u is in force, %zu finding%s", r->load.generation,
	    config->report.count, config->report.count == 1 ? "" : "s");
	virt_configure(r->virt, &config->settings.libvirt);
	kube_configure(r->kube, &config->settings.kubernetes);
	heart_plan(r);
	heart_ring(r); /* the files watched may be others now */
	return 0;
}

/* "vm/worker-1" or "everything", for the journal. */
static const char *subject_text(struct arena *a, const struct subject *subject)
{
	return subject->kind
		   ? arena_printf(a, "%s/%s", subject->kind, subject->short_name)
		   : "everything";
}

static void say(struct reconcile *r, const char *action, const struct kind *kind,
    const char *name, const char *who, const char *more)
{
	struct arena a = { 0 };
	struct subject subject = { kind ? kind->name : NULL, name, action, NULL,
		kind ? config_short_name(r->config, kind, name) : NULL };

	journal_say(LEVEL_NOTICE, MESSAGE_CONTROL, &subject, "%s %s%s%s, by %s", action,
	    subject_text(&a, &subject), more ? ": " : "", more ? more : "", who);
	arena_done(&a);
}

static const struct item *find(
    struct reconcile *r, const struct kind *kind, const char *name, struct error *e)
{
	const struct item *item = r->plan ? plan_find(r->plan, kind, name) : NULL;

	if (!item)
		fail(e, "there is no %s/%s; `homek8sctl list` shows what there is",
		    kind->name, name);
	return item;
}

int reconcile_now(struct reconcile *r, const struct kind *kind, const char *name,
    const char *who, struct error *e)
{
	if (kind && !find(r, kind, name, e))
		return -1;
	say(r, "reconcile", kind, name, who, NULL);
	state_clear(&r->state, kind, name);
	virt_read_all(r->virt);
	kube_read_all(r->kube);
	virt_try_now(r->virt);
	kube_try_now(r->kube);
	heart_ring(r);
	return 0;
}

int reconcile_pause(struct reconcile *r, const struct kind *kind, const char *name,
    const char *reason, int64_t ms, const char *who, struct error *e)
{
	struct mono until = ms ? mono_add(clock_mono(), ms) : MONO_NEVER;

	if (kind && !find(r, kind, name, e))
		return -1;
	say(r, "pause", kind, name, who, reason);
	state_pause(&r->state, kind, name, reason, until);
	lanes_abandon(r->lanes);
	heart_plan(r);
	return 0;
}

int reconcile_resume(struct reconcile *r, const struct kind *kind, const char *name,
    const char *who, struct error *e)
{
	if (kind && !find(r, kind, name, e))
		return -1;
	say(r, "resume", kind, name, who, NULL);
	state_resume(&r->state, kind, name);
	heart_plan(r);
	return 0;
}

int reconcile_approve(struct reconcile *r, const struct kind *kind, const char *name,
    uint32_t uid, const char *who, struct error *e)
{
	const struct item *item = find(r, kind, name, e);
	uint64_t part;

	if (!item)
		return -1;
	if (!item->consent || item->approved)
		return fail(e, "nothing of %s/%s waits for approval", kind->name,
		    item->short_name);
	say(r, "approve", kind, name, who, item->consent);
	part = approval_part(item->fingerprint);
	state_approve(&r->state, kind, name, &part, 1, clock_wall(), uid);
	heart_plan(r);
	return 0;
}

bool reconcile_pending(const struct reconcile *r)
{
	return ev_is_active(&r->plan_timer) || ev_is_pending(&r->plan_timer);
}

void reconcile_view(const struct reconcile *r, struct view *out)
{
	const struct virt_state *virt = virt_state(r->virt);
	const struct kube_state *kube = kube_state(r->kube);

	*out = r->view;
	out->libvirt.since = virt->since;
	out->libvirt.detail = virt->detail;
	out->libvirt.version = virt->version;
	out->kubernetes.since = kube->since;
	out->kubernetes.detail = kube->detail;
	out->kubernetes.version = kube->version;
	out->config = r->config;
	out->load = r->load;
	out->plan = r->plan;
	out->state = &r->state;
	out->observed = &r->observed;
	out->now = clock_mono();
	out->wall = clock_wall();
}
