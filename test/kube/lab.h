/* SPDX-License-Identifier: MIT */
/*
 * lab: a kube with short times beside a fake API server of its own, and a log of
 * everything the callbacks say, one line each:
 *
 *   state connected          (off, connecting, connected, unauthorized, down)
 *   observed pool a 17 10.0.0.0/24     (name, resource version, first address)
 *   gone pool a
 *   begun pool               (a watch; with a prefix: "begun pool p/")
 *   ended pool
 *   listed pool 2: a b
 *   lost pool: forbidden: ...
 *   done 7: ok               (or: error text, " (slow)", " (lost)",
 *                             " (retry after 5000)")
 *   answer pool a 17: 200 x  (a probe's hash, status, metadata.name or "-", error)
 *
 * One per process; check runs each test in a process of its own.
 */
#ifndef TEST_KUBE_LAB_H
#define TEST_KUBE_LAB_H

#include <stdbool.h>

#include "daemon/kube/request.h"
#include "daemon/kube/tuning.h"
#include "lib/base/cleanup.h"
#include "lib/base/text.h"

/* After our own headers: it has a macro fail(). */
#include <check.h>

#define LAB_IDLE_MS 1500
#define LAB_GRACE_MS 3000 /* unless lab_set_grace() said otherwise */
#define LAB_SLOW_MS 700
#define LAB_ANSWER_MS 1500
#define LAB_MISSING "no MetalLB here"
#define LAB_POOLS "/apis/metallb.io/v1beta1/namespaces/metallb-system/ipaddresspools"
#define LAB_SECRET "s3cr3t-canary"

extern const struct kind lab_node, lab_service, lab_pool;

void lab_set_up(void);
void lab_tear_down(void); /* also asserts that no text held LAB_SECRET */

/* Starts the server; arguments end with NULL. A second one takes the first one's port. */
void lab_server(const char *argument, ...) __attribute__((sentinel));
void lab_stop_server(void);
void lab_signal_server(int number);

/* In the lab's own directory: its path, and a file in it. */
const char *lab_path(const char *name);
void lab_write(const char *name, const char *text);
/* A kubeconfig for the server; lines of cluster and user are indented by four. */
void lab_kubeconfig(const char *cluster_lines, const char *user_lines);

void lab_full(const struct kind *kind); /* no more of it is taken in; NULL: of any */
void lab_set_grace(int ms);		/* before the start */
void lab_start(void); /* kube, with the kubeconfig of the lab's directory */
void lab_start_with(const struct kubernetes_settings *settings);
struct kube *lab_kube(void);
/* From now on nodes, Services, pools, and these too; the last has no kind. NULL: none. */
void lab_watch(const struct watch_request *more);

/* Forgets what was said so far. */
void lab_mark(void);
/* Turns the loop until a line with `text` was said since the mark; fails after 12 s. */
void lab_wait(const char *text);
/* Turns the loop for so long. */
void lab_run(int ms);
void lab_wait_count(const char *text, unsigned count); /* until it is there so often */
unsigned lab_count(const char *text);		       /* lines with it since the mark */
const char *lab_log(void);			       /* since the mark */
void lab_wait_detail(const char *text); /* until kube_state()->detail holds it */

const char *lab_url(void);

/* Plain HTTP to the server, outside of kube. Return the body, valid until the next. */
const char *lab_request(const char *method, const char *path, const char *body);
void lab_fault(const char *json);
void lab_no_faults(void);
unsigned lab_requests(const char *match); /* that reached the server */
void lab_put_pool(const char *name, const char *address);

void lab_apply(uint64_t ticket, const char *name, const char *body);
/* An apply to any path. */
void lab_write_path(uint64_t ticket, const char *path, const char *body);
/* Any write; in errors it is about "pool NAME". */
void lab_send(uint64_t ticket, const struct kube_write *write);
void lab_delete(uint64_t ticket, const char *name, const char *uid);

/* Runs a program to its end and fails unless it succeeds. */
void lab_program(const char *const *argv);

/* ca, other; server (127.0.0.1, kubernetes.home), one and two by ca, foreign by other:
 * .crt and .key in the lab's directory. */
void lab_make_certificates(void);

/* The suites of this program. */
TCase *watch_tests(void);
TCase *fault_tests(void);
TCase *write_tests(void);
TCase *access_tests(void);
TCase *run_time_tests(void);
TCase *probe_tests(void);
TCase *collection_tests(void);

#endif
