/* SPDX-License-Identifier: MIT */
/* link: opening, lending and closing handles. */
#include "daemon/virt/link.h"

#include <pthread.h>
#include <stdlib.h>

#include "daemon/host/clock.h"
#include "lib/base/arena.h"

/* Dead after interval x (count + 1) = 20 s without a sign of life. */
#define KEEPALIVE_INTERVAL_S 5
#define KEEPALIVE_COUNT 3

struct handle {
	virConnectPtr conn;
	struct attachment attachment;
	bool local;	  /* its driver is inside our process */
	unsigned users;	  /* the link and calls under way; guarded by the link's lock */
	struct mono used; /* last; guarded by it too */
};

struct link {
	pthread_mutex_t lock; /* never held during a call */
	uint64_t latest;      /* no opening of a lesser key is kept */
	uint64_t key;	      /* of what is open; 0: nothing */
	char *uri;
	struct handle *handles[LINK_THREADS]; /* the first is there while open */
};

struct link *link_new(void)
{
	struct link *link = must_alloc(sizeof(*link));

	pthread_mutex_init(&link->lock, NULL);
	return link;
}

/* Handles. */

static void handle_close(struct handle *handle)
{
	events_detach(handle->conn, &handle->attachment);
	virConnectClose(handle->conn);
	free(handle);
}

/* A driver inside our own process has nothing to keep alive. */
static int keep_alive(struct handle *handle, struct fault *fault)
{
	if (virConnectSetKeepAlive(handle->conn, KEEPALIVE_INTERVAL_S, KEEPALIVE_COUNT) >=
	    0)
		return 0;
	fault_take(fault, handle->conn);
	handle->local = fault->code == VIR_ERR_NO_SUPPORT;
	return handle->local ? 0 : -1;
}

static struct handle *handle_open(
    const char *uri, uint64_t key, unsigned topics, struct fault *fault)
{
	virConnectPtr conn = virConnectOpen(uri);
	struct handle *handle;

	if (!conn) {
		fault_take(fault, NULL);
		return NULL;
	}
	handle = must_alloc(sizeof(*handle));
	handle->conn = conn;
	handle->users = 1;
	handle->attachment = ATTACHMENT_NONE;
	if (keep_alive(handle, fault) == 0 &&
	    events_attach(conn, key, topics, &handle->attachment, fault) == 0)
		return handle;
	handle_close(handle);
	return NULL;
}

/* Whoever is the last closes, so that nobody else is in a call on it then. */
static void handle_drop(struct link *link, struct handle *handle)
{
	bool last;

	if (!handle)
		return;
	pthread_mutex_lock(&link->lock);
	last = --handle->users == 0;
	handle->used = clock_mono();
	pthread_mutex_unlock(&link->lock);
	if (last)
		handle_close(handle);
}

static void drop_all(struct link *link, struct handle *const *handles)
{
	for (int i = 0; i < LINK_THREADS; i++)
		handle_drop(link, handles[i]);
}

/* Opening and closing. On the call threads, they may overtake each other. */

/* With the lock held: takes out what is open. */
static void take_out(struct link *link, struct handle **out)
{
	for (int i = 0; i < LINK_THREADS; i++) {
		out[i] = link->handles[i];
		link->handles[i] = NULL;
	}
	free(link->uri);
	link->uri = NULL;
	link->key = 0;
}

static void note_begun(struct link *link, uint64_t key)
{
	pthread_mutex_lock(&link->lock);
	if (link->latest < key)
		link->latest = key;
	pthread_mutex_unlock(&link->lock);
}

/* Puts it in the place of what was open; false where it was closed meanwhile, or a later
 * one begun. */
static bool install(
    struct link *link, struct handle *handle, const struct link_target *target)
{
	struct handle *before[LINK_THREADS] = { NULL };
	bool newest;

	pthread_mutex_lock(&link->lock);
	newest = link->latest <= target->key;
	if (newest) {
		take_out(link, before);
		link->handles[0] = handle;
		link->uri = must_copy(target->uri);
		link->key = target->key;
	}
	pthread_mutex_unlock(&link->lock);
	drop_all(link, before);
	return newest;
}

int link_open(struct link *link, const struct link_target *target, unsigned long *version,
    struct fault *fault)
{
	struct handle *handle;

	note_begun(link, target->key);
	handle = handle_open(target->uri, target->key, target->topics, fault);
	if (!handle)
		return -1;
	if (virConnectGetLibVersion(handle->conn, version) < 0)
		fault_take(fault, handle->conn);
	else if (install(link, handle, target))
		return 0;
	else
		fault_closed(fault);
	handle_close(handle);
	return -1;
}

void link_close(struct link *link, uint64_t key)
{
	struct handle *before[LINK_THREADS] = { NULL };

	pthread_mutex_lock(&link->lock);
	if (link->latest <= key)
		link->latest = key + 1; /* it may still be opening */
	if (link->key == key)
		take_out(link, before);
	pthread_mutex_unlock(&link->lock);
	drop_all(link, before);
}

void link_trim(struct link *link, int64_t ms)
{
	struct handle *unused[LINK_THREADS] = { NULL };
	struct mono now = clock_mono();

	pthread_mutex_lock(&link->lock);
	for (int i = 1; i < LINK_THREADS; i++) {
		struct handle *handle = link->handles[i];

		if (!handle || handle->users > 1 ||
		    !mono_reached(mono_add(handle->used, ms), now))
			continue;
		unused[i] = handle;
		link->handles[i] = NULL;
	}
	pthread_mutex_unlock(&link->lock);
	drop_all(link, unused);
}

void link_free(struct link *link)
{
	struct handle *before[LINK_THREADS] = { NULL };

	take_out(link, before);
	drop_all(link, before);
	pthread_mutex_destroy(&link->lock);
	free(link);
}

/* Lending. */

/* The handle of that thread; NULL with `uri` set: it must be opened first; else closed. */
static struct handle *lend(struct link *link, uint64_t key, unsigned thread, char **uri)
{
	struct handle *handle = NULL;

	pthread_mutex_lock(&link->lock);
	if (link->key && link->key == key) {
		handle = link->handles[link->handles[0]->local ? 0 : thread];
		if (handle)
			handle->users++;
		else
			*uri = must_copy(link->uri);
	}
	pthread_mutex_unlock(&link->lock);
	return handle;
}

/* The link keeps it for that thread's next calls; false: it was closed meanwhile. */
static bool keep(struct link *link, uint64_t key, unsigned thread, struct handle *handle)
{
	bool open;

	pthread_mutex_lock(&link->lock);
	open = link->key == key;
	if (open) {
		link->handles[thread] = handle;
		handle->users++;
	}
	pthread_mutex_unlock(&link->lock);
	return open;
}

int link_take(struct link *link, uint64_t key, unsigned thread, struct use *use,
    struct fault *fault)
{
	char *uri = NULL;
	struct handle *handle = lend(link, key, thread, &uri);

	if (!handle && !uri)
		return fault_closed(fault);
	if (!handle) {
		handle = handle_open(uri, key, 0, fault);
		free(uri);
		if (!handle) {
			fault->lost = true; /* only a new opening can help */
			return -1;
		}
		if (!keep(link, key, thread, handle)) {
			handle_close(handle);
			return fault_closed(fault);
		}
	}
	*use = (struct use){ handle->conn, link, handle };
	return 0;
}

void link_give(struct use *use)
{
	if (use->conn)
		handle_drop(use->link, use->handle);
}
