/* SPDX-License-Identifier: MIT */
/*
 * retry: how long to wait after the n-th failure in a row. Three laws, each with its
 * source: a connection's (client-go's reflector), a step's, and a domain start's
 * (KubeVirt's). Jitter comes in as a number so that the same input gives the same answer.
 */
#ifndef LIB_BASE_RETRY_H
#define LIB_BASE_RETRY_H

#include <stdint.h>

/* All return milliseconds. `failures` >= 1; `random` is any number, used for the jitter.
 */

/* 0.8 s doubled to 15 s, plus up to 100 % jitter: 30 s at most. Forgotten by the caller
 * after 120 s. */
int64_t retry_connection(unsigned failures, uint32_t random);

/* 1 s doubled to 24 s, plus up to 25 % jitter: a fault that ends is found ended in a
 * minute. */
int64_t retry_step(unsigned failures, uint32_t random);

/* 10 s times n squared, to 24 s, plus up to 25 % jitter, never above 30 s: a machine whose
 * fault has ended runs within a minute, and one that keeps stopping is no busy loop. */
int64_t retry_start(unsigned failures, uint32_t random);

#define RETRY_CONNECTION_FORGET_MS 120000
#define RETRY_START_MAX_MS 30000

#endif
