/* SPDX-License-Identifier: MIT */
/* tuning: the times that are used outside of tests. */
#include "daemon/kube/tuning.h"

static const struct kube_tuning default_tuning = {
	.idle = 150000,
	.grace = 20000,
	.slow = 30000, /* no back-off exceeds 30 s */
	.answer = 15000,
	.write = 34000,
};

struct kube *kube_new(struct ev_loop *loop, const struct kubernetes_settings *settings,
    const char *config_dir, const struct kube_callbacks *callbacks, void *arg)
{
	return kube_new_tuned(
	    loop, settings, config_dir, callbacks, arg, &default_tuning);
}
