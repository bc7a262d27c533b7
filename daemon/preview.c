/* SPDX-License-Identifier: MIT */
/* preview: an engine that only plans, until everything is known. */
#include "daemon/preview.h"

#include <ev.h>
#include <stdio.h>
#include <string.h>

#include "daemon/engine/engine.h"

#define PATIENCE_S 10.0 /* for sources that do not answer */
#define EXIT_CONFIG 78	/* EX_CONFIG */

struct preview {
	struct ev_loop *loop;
	struct engine *engine;
};

static bool all_is_known(const struct preview *p)
{
	struct view view;

	if (!p->engine || engine_pending(p->engine))
		return false;
	engine_view(p->engine, &view);
	for (size_t i = 0; i < source_count; i++)
		if (!view.sources[i].off &&
		    strcmp(view.sources[i].state, "connecting") == 0)
			return false;
	for (size_t i = 0; view.plan && i < view.plan->item_count; i++)
		if (view.plan->items[i]->verdict == VERDICT_UNKNOWN &&
		    !view.plan->items[i]->off)
			return false;
	return view.plan;
}

static void on_changed(void *arg)
{
	struct preview *p = arg;

	if (all_is_known(p))
		ev_break(p->loop, EVBREAK_ALL);
}

static void on_timeout(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)timer;
	(void)events;
	ev_break(loop, EVBREAK_ALL);
}

static int print_plan(const struct view *view)
{
	struct arena a = { 0 };
	struct plan_reply plan;
	const struct step_view *steps;
	const struct approval_view *approvals;
	const struct other_view *others;
	bool any;

	view_plan(view, &a, &plan);
	steps = plan.steps.items;
	approvals = plan.approvals.items;
	others = plan.others.items;
	for (size_t i = 0; i < plan.steps.count; i++)
		printf("%zu. %s/%s: %s (%s)%s%s\n", i + 1, steps[i].kind, steps[i].name,
		    steps[i].text, steps[i].reason,
		    steps[i].why_held ? "; not now: " : "",
		    steps[i].why_held ? steps[i].why_held : "");
	for (size_t i = 0; i < plan.approvals.count; i++)
		printf("waits for approval: %s/%s: %s\n", approvals[i].kind,
		    approvals[i].name, approvals[i].text);
	for (size_t i = 0; i < plan.others.count; i++)
		printf("%s/%s is %s: %s\n", others[i].kind, others[i].name,
		    others[i].verdict, others[i].reason);
	any = plan.steps.count || plan.approvals.count || plan.others.count;
	if (!any)
		puts("Nothing to do.");
	arena_done(&a);
	return any ? 1 : 0;
}

int preview(const char *directory)
{
	struct preview p = { .loop = ev_default_loop(EVFLAG_NOENV) };
	struct engine_options options = { .config_dir = directory,
		.plans_only = true,
		.changed = on_changed,
		.arg = &p };
	ev_timer timeout;
	struct view view;
	int status;

	p.engine = engine_new(p.loop, &options);
	engine_view(p.engine, &view);
	if (!view.load.ok) {
		fputs(view.load.error, stderr);
		engine_free(p.engine);
		return EXIT_CONFIG;
	}
	ev_timer_init(&timeout, on_timeout, PATIENCE_S, 0);
	ev_timer_start(p.loop, &timeout);
	ev_run(p.loop, 0);
	engine_view(p.engine, &view);
	status = view.plan ? print_plan(&view) : 1;
	engine_free(p.engine);
	return status;
}
