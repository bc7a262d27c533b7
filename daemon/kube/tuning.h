/* SPDX-License-Identifier: MIT */
/*
 * tuning: the times kube works by. For the daemon they are
 * what kube_new() says; tests bring their own, shorter ones.
 */
#ifndef DAEMON_KUBE_TUNING_H
#define DAEMON_KUBE_TUNING_H

#include "daemon/kube/kube.h"

struct kube_tuning {   /* times in ms */
	int64_t idle;  /* a watch without a byte for so long is opened anew */
	int64_t grace; /* what was observed stays valid for so long without a watch */
	int64_t slow; /* retry of what is forbidden or missing; reading the credentials */
	int64_t answer; /* a request that only reads */
	int64_t write;
};

/* As kube_new(); the tuning is copied. */
struct kube *kube_new_tuned(struct ev_loop *loop,
    const struct kubernetes_settings *settings, const char *config_dir,
    const struct kube_callbacks *callbacks, void *arg, const struct kube_tuning *tuning);

#endif
