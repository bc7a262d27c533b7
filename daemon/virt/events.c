/* SPDX-License-Identifier: MIT */
/*
 * events: the event thread and the way from it to the main loop.
 *
 * libvirt's event loop (event_loop) runs here for ever: it is what receives events while
 * nobody calls, and what keeps keepalive alive while a call blocks, so nothing else may
 * run on this thread. The callbacks below only copy what they are given into a notice and
 * wake the main loop; they call no libvirt function that talks. The close callback comes
 * on whichever thread noticed the loss, which may be a call thread.
 *
 * The state is static because libvirt's is: callbacks may still come when nobody listens
 * any more, and then find no listener instead of freed memory.
 */
#include "daemon/virt/events.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "daemon/host/threads.h"
#include "daemon/virt/event_loop.h"
#include "daemon/virt/event_text.h"
#include "lib/base/arena.h"
#include "lib/doc/xml.h"

#define NOTICES_MAX 4096 /* beyond it reading all is cheaper than all the single reads */
#define TURN_MAX 64	 /* notices taken in one turn of the loop */

struct notice {
	STAILQ_ENTRY(notice) link;
	uint64_t key;
	enum topic topic;
	char *name, *what;
	bool stopped;
};

static struct {
	pthread_mutex_t lock;
	STAILQ_HEAD(, notice) notices;
	size_t count;
	bool overflowed;
	struct ev_loop *loop; /* NULL: nobody listens */
	/* The main loop's own. */
	ev_async wake;
	const struct event_callbacks *callbacks;
	void *arg;
} bus = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.notices = STAILQ_HEAD_INITIALIZER(bus.notices),
};

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void notice_free(struct notice *notice)
{
	free(notice->name);
	free(notice->what);
	free(notice);
}

/* On the event thread, or a call thread for a loss it noticed. */

/* Takes name and what. */
static struct notice *notice_new(void *opaque, enum topic topic, char *name, char *what)
{
	struct notice *notice = must_alloc(sizeof(*notice));

	notice->key = (uint64_t)(uintptr_t)opaque;
	notice->topic = topic;
	notice->name = name;
	notice->what = what;
	return notice;
}

static void post_notice(struct notice *notice)
{
	bool kept;

	pthread_mutex_lock(&bus.lock);
	kept = bus.loop && (notice->topic == TOPIC_NONE ||
			       bus.count < NOTICES_MAX); /* never drop a loss */
	if (kept) {
		STAILQ_INSERT_TAIL(&bus.notices, notice, link);
		bus.count++;
	} else {
		bus.overflowed = bus.loop != NULL;
	}
	if (bus.loop)
		ev_async_send(bus.loop, &bus.wake);
	pthread_mutex_unlock(&bus.lock);
	if (!kept)
		notice_free(notice);
}

static void post(void *opaque, enum topic topic, char *name, char *what)
{
	post_notice(notice_new(opaque, topic, name, what));
}

static void post_domain(virDomainPtr domain, void *opaque, char *what)
{
	post(opaque, TOPIC_DOMAIN, must_copy(virDomainGetName(domain)), what);
}

static int on_lifecycle(
    virConnectPtr conn, virDomainPtr domain, int event, int detail, void *opaque)
{
	struct notice *notice = notice_new(opaque, TOPIC_DOMAIN,
	    must_copy(virDomainGetName(domain)), event_domain_text(event, detail));

	(void)conn;
	notice->stopped = event == VIR_DOMAIN_EVENT_STOPPED;
	post_notice(notice);
	return 0;
}

static void on_reboot(virConnectPtr conn, virDomainPtr domain, void *opaque)
{
	(void)conn;
	post_domain(domain, opaque, must_copy("rebooted"));
}

static void on_metadata(
    virConnectPtr conn, virDomainPtr domain, int type, const char *uri, void *opaque)
{
	(void)conn;
	(void)type;
	(void)uri;
	post_domain(domain, opaque, must_copy("metadata changed"));
}

static void on_device_added(
    virConnectPtr conn, virDomainPtr domain, const char *alias, void *opaque)
{
	(void)conn;
	post_domain(domain, opaque, must_printf("device %s added", alias ? alias : "?"));
}

static void on_device_removed(
    virConnectPtr conn, virDomainPtr domain, const char *alias, void *opaque)
{
	(void)conn;
	post_domain(
	    domain, opaque, must_printf("device %s removed", alias ? alias : "?"));
}

static void on_agent(
    virConnectPtr conn, virDomainPtr domain, int state, int reason, void *opaque)
{
	(void)conn;
	(void)reason;
	post_domain(domain, opaque,
	    must_copy(state == VIR_CONNECT_DOMAIN_EVENT_AGENT_LIFECYCLE_STATE_CONNECTED
			  ? "guest agent connected"
			  : "guest agent disconnected"));
}

static void on_disk_error(virConnectPtr conn, virDomainPtr domain, const char *path,
    const char *alias, int action, const char *reason, void *opaque)
{
	(void)conn;
	(void)action; /* the lifecycle event says what became of it */
	post_domain(domain, opaque,
	    event_disk_error_text(path ? path : "", alias ? alias : "", reason));
}

/* A guest takes on, or gives back, what it has of its memory over some seconds. */
static void on_balloon(
    virConnectPtr conn, virDomainPtr domain, unsigned long long kib, void *opaque)
{
	(void)conn;
	(void)kib;
	post_domain(domain, opaque, NULL);
}

static void on_network(
    virConnectPtr conn, virNetworkPtr network, int event, int detail, void *opaque)
{
	(void)conn;
	(void)detail; /* libvirt defines none so far */
	post(opaque, TOPIC_NETWORK, must_copy(virNetworkGetName(network)),
	    event_network_text(event));
}

static int on_pool(
    virConnectPtr conn, virStoragePoolPtr pool, int event, int detail, void *opaque)
{
	(void)conn;
	(void)detail; /* libvirt defines none so far */
	post(opaque, TOPIC_STORAGE, must_copy(virStoragePoolGetName(pool)),
	    event_storage_text(event));
	return 0;
}

static void on_pool_refresh(virConnectPtr conn, virStoragePoolPtr pool, void *opaque)
{
	(void)conn;
	post(opaque, TOPIC_STORAGE, must_copy(virStoragePoolGetName(pool)),
	    must_copy("refreshed"));
}

static void on_close(virConnectPtr conn, int reason, void *opaque)
{
	(void)conn;
	post(opaque, TOPIC_NONE, NULL, event_close_text(reason));
}

/* libvirt hands each sort of event to a function of another type, and casts them all to one.
 * By way of this type, which stands for any, clang takes that for meant. */
#define DOMAIN_CALLBACK(f) VIR_DOMAIN_EVENT_CALLBACK((void (*)(void))(f))
#define NETWORK_CALLBACK(f) VIR_NETWORK_EVENT_CALLBACK((void (*)(void))(f))
#define STORAGE_CALLBACK(f) VIR_STORAGE_POOL_EVENT_CALLBACK((void (*)(void))(f))

static const struct {
	int id;
	virConnectDomainEventGenericCallback callback;
} domain_events[EVENTS_DOMAIN] = {
	{ VIR_DOMAIN_EVENT_ID_LIFECYCLE, DOMAIN_CALLBACK(on_lifecycle) },
	{ VIR_DOMAIN_EVENT_ID_REBOOT, DOMAIN_CALLBACK(on_reboot) },
	{ VIR_DOMAIN_EVENT_ID_METADATA_CHANGE, DOMAIN_CALLBACK(on_metadata) },
	{ VIR_DOMAIN_EVENT_ID_DEVICE_ADDED, DOMAIN_CALLBACK(on_device_added) },
	{ VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED, DOMAIN_CALLBACK(on_device_removed) },
	{ VIR_DOMAIN_EVENT_ID_AGENT_LIFECYCLE, DOMAIN_CALLBACK(on_agent) },
	{ VIR_DOMAIN_EVENT_ID_IO_ERROR_REASON, DOMAIN_CALLBACK(on_disk_error) },
	{ VIR_DOMAIN_EVENT_ID_BALLOON_CHANGE, DOMAIN_CALLBACK(on_balloon) },
};

static const struct {
	int id;
	virConnectStoragePoolEventGenericCallback callback;
} storage_events[EVENTS_STORAGE] = {
	{ VIR_STORAGE_POOL_EVENT_ID_LIFECYCLE, STORAGE_CALLBACK(on_pool) },
	{ VIR_STORAGE_POOL_EVENT_ID_REFRESH, STORAGE_CALLBACK(on_pool_refresh) },
};

/* On a call thread. */

const struct attachment ATTACHMENT_NONE = { { -1, -1, -1, -1, -1, -1, -1, -1 }, -1,
	{ -1, -1 }, false };
_Static_assert(EVENTS_DOMAIN == 8, "as many as ATTACHMENT_NONE has");

/* Not supported is no fault: the periodic resync finds what no event reports. */
static int registered(virConnectPtr conn, int id, struct fault *fault)
{
	if (id >= 0)
		return 0;
	fault_take(fault, conn);
	return fault->code == VIR_ERR_NO_SUPPORT ? 0 : -1;
}

static int attach_domains(
    virConnectPtr conn, void *key, struct attachment *out, struct fault *fault)
{
	for (int i = 0; i < EVENTS_DOMAIN; i++) {
		out->domain[i] = virConnectDomainEventRegisterAny(conn, NULL,
		    domain_events[i].id, domain_events[i].callback, key, NULL);
		if (registered(conn, out->domain[i], fault) < 0)
			return -1;
	}
	return 0;
}

static int attach_storage(
    virConnectPtr conn, void *key, struct attachment *out, struct fault *fault)
{
	for (int i = 0; i < EVENTS_STORAGE; i++) {
		out->storage[i] = virConnectStoragePoolEventRegisterAny(conn, NULL,
		    storage_events[i].id, storage_events[i].callback, key, NULL);
		if (registered(conn, out->storage[i], fault) < 0)
			return -1;
	}
	return 0;
}

int events_attach(virConnectPtr conn, uint64_t number, unsigned topics,
    struct attachment *out, struct fault *fault)
{
	void *key = (void *)(uintptr_t)number;

	*out = ATTACHMENT_NONE;
	out->closing = virConnectRegisterCloseCallback(conn, on_close, key, NULL) == 0;
	if (registered(conn, out->closing ? 0 : -1, fault) < 0)
		return -1;
	if ((topics & TOPIC_BIT(TOPIC_DOMAIN)) &&
	    attach_domains(conn, key, out, fault) < 0)
		return -1;
	if ((topics & TOPIC_BIT(TOPIC_STORAGE)) &&
	    attach_storage(conn, key, out, fault) < 0)
		return -1;
	if (!(topics & TOPIC_BIT(TOPIC_NETWORK)))
		return 0;
	out->network = virConnectNetworkEventRegisterAny(conn, NULL,
	    VIR_NETWORK_EVENT_ID_LIFECYCLE, NETWORK_CALLBACK(on_network), key, NULL);
	return registered(conn, out->network, fault);
}

void events_detach(virConnectPtr conn, const struct attachment *attachment)
{
	if (attachment->network >= 0)
		virConnectNetworkEventDeregisterAny(conn, attachment->network);
	for (int i = 0; i < EVENTS_STORAGE; i++)
		if (attachment->storage[i] >= 0)
			virConnectStoragePoolEventDeregisterAny(
			    conn, attachment->storage[i]);
	for (int i = 0; i < EVENTS_DOMAIN; i++)
		if (attachment->domain[i] >= 0)
			virConnectDomainEventDeregisterAny(conn, attachment->domain[i]);
	if (attachment->closing)
		virConnectUnregisterCloseCallback(conn, on_close);
}

/* On the main loop. */

static struct notice *take(bool *overflowed)
{
	struct notice *notice;

	pthread_mutex_lock(&bus.lock);
	notice = STAILQ_FIRST(&bus.notices);
	if (notice) {
		STAILQ_REMOVE_HEAD(&bus.notices, link);
		bus.count--;
	}
	*overflowed = bus.overflowed;
	bus.overflowed = false;
	pthread_mutex_unlock(&bus.lock);
	return notice;
}

static void on_wake(struct ev_loop *loop, ev_async *wake, int events)
{
	struct notice *notice = NULL;
	bool overflowed;

	(void)events;
	for (int i = 0; i < TURN_MAX; i++) {
		notice = take(&overflowed);
		if (overflowed)
			bus.callbacks->overflow(bus.arg);
		if (!notice)
			return;
		bus.callbacks->event(
		    bus.arg, &(struct event){ notice->key, notice->topic, notice->name,
				 notice->what, notice->stopped });
		notice_free(notice);
	}
	ev_async_send(loop, wake);
}

/* libvirt prints every error to stderr unless it has a handler; ours reach the user with
 * the object they are about. */
static void silent(void *arg, virErrorPtr error)
{
	(void)arg;
	(void)error;
}

static void *run_events(void *arg)
{
	(void)arg;
	event_loop_run();
}

/* The event implementation must stand before the first connection is opened, libxml2 be
 * prepared before two threads use it. */
static void start(void)
{
	xml_init();
	virSetErrorFunc(NULL, silent);
	if (event_loop_register() < 0) {
		fprintf(stderr, "no event loop for libvirt: %s\n", strerror(errno));
		abort();
	}
	if (virInitialize() < 0) {
		fprintf(stderr, "libvirt cannot be initialised: %s\n",
		    virGetLastErrorMessage());
		abort();
	}
	pthread_detach(thread_start("virt-event", run_events, NULL));
}

void events_listen(
    struct ev_loop *loop, const struct event_callbacks *callbacks, void *arg)
{
	pthread_once(&once, start);
	ev_async_init(&bus.wake, on_wake);
	ev_async_start(loop, &bus.wake);
	bus.callbacks = callbacks;
	bus.arg = arg;
	pthread_mutex_lock(&bus.lock);
	bus.loop = loop;
	pthread_mutex_unlock(&bus.lock);
}

void events_unlisten(void)
{
	struct ev_loop *loop;
	struct notice *notice;

	pthread_mutex_lock(&bus.lock);
	loop = bus.loop;
	bus.loop = NULL;
	bus.count = 0;
	bus.overflowed = false;
	while ((notice = STAILQ_FIRST(&bus.notices))) {
		STAILQ_REMOVE_HEAD(&bus.notices, link);
		notice_free(notice);
	}
	pthread_mutex_unlock(&bus.lock);
	ev_async_stop(loop, &bus.wake);
}
