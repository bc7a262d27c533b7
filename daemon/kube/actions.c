/* SPDX-License-Identifier: MIT */
/* actions: a function for each row of Kubernetes' actions. */
#include "daemon/kube/actions.h"

#include "lib/kind/actions.h"

static void to_apply(const struct call *call, struct kube_write *out)
{
	const struct kube_request *request = call->arguments;

	out->what = KUBE_APPLY;
	out->path = request->path;
	out->body = call->document;
}

static void to_merge(const struct call *call, struct kube_write *out)
{
	to_apply(call, out);
	out->what = KUBE_MERGE;
}

static void to_create(const struct call *call, struct kube_write *out)
{
	to_apply(call, out);
	out->what = KUBE_CREATE;
}

static void to_delete(const struct call *call, struct kube_write *out)
{
	const struct kube_request *request = call->arguments;

	out->what = KUBE_DELETE;
	out->path = request->path;
	out->uid = request->uid;
}

/* Which of them a row's action is; a missing one does not compile. */
#define to_kube_apply to_apply
#define to_kube_merge to_merge
#define to_kube_create to_create
#define to_kube_evict to_create
#define to_kube_delete to_delete

#define ROW_libvirt(name)
#define ROW_host(name)
#define ROW_kubernetes(name) { &name##_action, to_##name },
#define ACTION(name, source, ...) ROW_##source(name)
static const struct {
	const struct action *action;
	void (*fill)(const struct call *call, struct kube_write *out);
} rows[] = {
#include ACTIONS_DEF
};
#undef ACTION

int actions_request(const struct call *call, struct kube_write *out, struct error *e)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].action != call->action)
			continue;
		*out = (struct kube_write){ 0 };
		rows[i].fill(call, out);
		return 0;
	}
	return fail(e, "%s is no action of Kubernetes'", call->action->name);
}
