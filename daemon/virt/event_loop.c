/* SPDX-License-Identifier: MIT */
/* event_loop: handles (descriptors) and timers, each in a list under one lock. */
#include "daemon/virt/event_loop.h"

#include <errno.h>
#include <fcntl.h>
#include <libvirt/libvirt.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/queue.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/arena.h"

#define EVENTS_MAX 16
#define NEVER INT64_MAX

struct handle {
	TAILQ_ENTRY(handle) link;
	int watch, fd;
	int copy;      /* what is in the kernel's list: fd, or a duplicate of it */
	int requested; /* VIR_EVENT_HANDLE_*; 0: not in the kernel's list */
	bool removed;
	virEventHandleCallback call;
	void *arg;
	virFreeCallback free;
};

struct timer {
	TAILQ_ENTRY(timer) link;
	int number;
	int64_t interval; /* ms; less than 0: off */
	int64_t due;	  /* ms of the monotonic clock; NEVER: off */
	bool removed;
	virEventTimeoutCallback call;
	void *arg;
	virFreeCallback free;
};

static struct {
	pthread_mutex_t lock; /* guards all but the descriptors */
	TAILQ_HEAD(, handle) handles;
	TAILQ_HEAD(, timer) timers;
	int last;      /* number given */
	bool garbage;  /* something was removed */
	int64_t wakes; /* when the loop wakes by itself; 0: it is at work */
	int epoll, wake;
} loop = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.handles = TAILQ_HEAD_INITIALIZER(loop.handles),
	.timers = TAILQ_HEAD_INITIALIZER(loop.timers),
};

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* With the lock held: the loop must reach `due`, or what was removed (0). */
static void wake_for(int64_t due)
{
	if (loop.wakes <= due)
		return;
	loop.wakes = 0; /* once is enough */
	while (eventfd_write(loop.wake, 1) < 0 && errno == EINTR)
		;
}

/* Handles. */

static uint32_t to_epoll(int events)
{
	return (events & VIR_EVENT_HANDLE_READABLE ? (uint32_t)EPOLLIN : 0) |
	       (events & VIR_EVENT_HANDLE_WRITABLE ? (uint32_t)EPOLLOUT : 0);
}

static int from_epoll(uint32_t events)
{
	return (events & EPOLLIN ? VIR_EVENT_HANDLE_READABLE : 0) |
	       (events & EPOLLOUT ? VIR_EVENT_HANDLE_WRITABLE : 0) |
	       (events & EPOLLERR ? VIR_EVENT_HANDLE_ERROR : 0) |
	       (events & EPOLLHUP ? VIR_EVENT_HANDLE_HANGUP : 0);
}

static struct handle *handle_find(int watch)
{
	struct handle *handle;

	TAILQ_FOREACH(handle, &loop.handles, link)
	if (handle->watch == watch && !handle->removed)
		return handle;
	return NULL;
}

/* A descriptor that another handle has there already is entered as a duplicate. */
static int enter(struct handle *handle, struct epoll_event *event)
{
	if (epoll_ctl(loop.epoll, EPOLL_CTL_ADD, handle->copy, event) == 0)
		return 0;
	if (errno != EEXIST || handle->copy != handle->fd)
		return -1;
	handle->copy = fcntl(handle->fd, F_DUPFD_CLOEXEC, 0);
	if (handle->copy < 0) {
		handle->copy = handle->fd;
		return -1;
	}
	return epoll_ctl(loop.epoll, EPOLL_CTL_ADD, handle->copy, event);
}

/* With nothing requested it leaves the kernel's list, which would report its end. */
static int request(struct handle *handle, int events)
{
	struct epoll_event event = { to_epoll(events),
		{ .u64 = (uint64_t)handle->watch } };
	int before = handle->requested, result = 0;

	if (events == before)
		return 0;
	if (events == 0)
		epoll_ctl(loop.epoll, EPOLL_CTL_DEL, handle->copy, NULL);
	else if (before == 0)
		result = enter(handle, &event);
	else
		result = epoll_ctl(loop.epoll, EPOLL_CTL_MOD, handle->copy, &event);
	if (result == 0)
		handle->requested = events;
	return result;
}

static int add_handle(
    int fd, int events, virEventHandleCallback call, void *arg, virFreeCallback ended)
{
	struct handle *handle = must_alloc(sizeof(*handle));
	int watch;

	handle->fd = handle->copy = fd;
	handle->call = call;
	handle->arg = arg;
	handle->free = ended;
	pthread_mutex_lock(&loop.lock);
	handle->watch = watch = ++loop.last;
	if (request(handle, events) == 0) {
		TAILQ_INSERT_TAIL(&loop.handles, handle, link);
		handle = NULL;
	}
	pthread_mutex_unlock(&loop.lock);
	if (!handle)
		return watch;
	free(handle);
	return -1;
}

static void update_handle(int watch, int events)
{
	struct handle *handle;

	pthread_mutex_lock(&loop.lock);
	handle = handle_find(watch);
	if (handle)
		request(handle, events);
	pthread_mutex_unlock(&loop.lock);
}

/* The descriptor may be closed, and its number be another's, as soon as this returns. */
static int remove_handle(int watch)
{
	struct handle *handle;

	pthread_mutex_lock(&loop.lock);
	handle = handle_find(watch);
	if (handle) {
		request(handle, 0);
		if (handle->copy != handle->fd)
			close(handle->copy);
		handle->removed = loop.garbage = true;
		wake_for(0);
	}
	pthread_mutex_unlock(&loop.lock);
	return handle ? 0 : -1;
}

/* Timers. */

static struct timer *timer_find(int number)
{
	struct timer *timer;

	TAILQ_FOREACH(timer, &loop.timers, link)
	if (timer->number == number && !timer->removed)
		return timer;
	return NULL;
}

static void set(struct timer *timer, int ms)
{
	timer->interval = ms;
	timer->due = ms < 0 ? NEVER : now_ms() + ms;
	wake_for(timer->due);
}

static int add_timeout(
    int ms, virEventTimeoutCallback call, void *arg, virFreeCallback ended)
{
	struct timer *timer = must_alloc(sizeof(*timer));
	int number;

	timer->call = call;
	timer->arg = arg;
	timer->free = ended;
	pthread_mutex_lock(&loop.lock);
	timer->number = number = ++loop.last;
	set(timer, ms);
	TAILQ_INSERT_TAIL(&loop.timers, timer, link);
	pthread_mutex_unlock(&loop.lock);
	return number;
}

static void update_timeout(int number, int ms)
{
	struct timer *timer;

	pthread_mutex_lock(&loop.lock);
	timer = timer_find(number);
	if (timer)
		set(timer, ms);
	pthread_mutex_unlock(&loop.lock);
}

static int remove_timeout(int number)
{
	struct timer *timer;

	pthread_mutex_lock(&loop.lock);
	timer = timer_find(number);
	if (timer) {
		timer->removed = loop.garbage = true;
		wake_for(0);
	}
	pthread_mutex_unlock(&loop.lock);
	return timer ? 0 : -1;
}

/* The loop. Callbacks are made without the lock; what they are about stays in its list
 * meanwhile, since only sweep() takes anything out. */

static void call_handle(int watch, uint32_t events)
{
	struct handle *handle;
	int happened = 0;

	pthread_mutex_lock(&loop.lock);
	handle = handle_find(watch);
	if (handle && handle->requested) /* a call may have taken it over meanwhile */
		happened =
		    from_epoll(events) & (handle->requested | VIR_EVENT_HANDLE_ERROR |
					     VIR_EVENT_HANDLE_HANGUP);
	pthread_mutex_unlock(&loop.lock);
	if (happened)
		handle->call(watch, handle->fd, happened, handle->arg);
}

/* The first that is due, which then counts as called; NULL: none. */
static struct timer *take_due(int64_t now)
{
	struct timer *timer;

	pthread_mutex_lock(&loop.lock);
	TAILQ_FOREACH(timer, &loop.timers, link)
	if (!timer->removed && timer->due <= now)
		break;
	if (timer) /* one of 0 ms is called again in the next turn, not in this one */
		timer->due = now + (timer->interval ? timer->interval : 1);
	pthread_mutex_unlock(&loop.lock);
	return timer;
}

static void call_timers(void)
{
	int64_t now = now_ms();
	struct timer *timer;

	while ((timer = take_due(now)))
		timer->call(timer->number, timer->arg);
}

/* Moves what was removed to lists of its own. */
static void sweep(void)
{
	TAILQ_HEAD(, handle) handles = TAILQ_HEAD_INITIALIZER(handles);
	TAILQ_HEAD(, timer) timers = TAILQ_HEAD_INITIALIZER(timers);
	struct handle *handle, *next_handle;
	struct timer *timer, *next_timer;

	pthread_mutex_lock(&loop.lock);
	loop.garbage = false;
	for (handle = TAILQ_FIRST(&loop.handles); handle; handle = next_handle) {
		next_handle = TAILQ_NEXT(handle, link);
		if (!handle->removed)
			continue;
		TAILQ_REMOVE(&loop.handles, handle, link);
		TAILQ_INSERT_TAIL(&handles, handle, link);
	}
	for (timer = TAILQ_FIRST(&loop.timers); timer; timer = next_timer) {
		next_timer = TAILQ_NEXT(timer, link);
		if (!timer->removed)
			continue;
		TAILQ_REMOVE(&loop.timers, timer, link);
		TAILQ_INSERT_TAIL(&timers, timer, link);
	}
	pthread_mutex_unlock(&loop.lock);
	while ((handle = TAILQ_FIRST(&handles))) {
		TAILQ_REMOVE(&handles, handle, link);
		if (handle->free)
			handle->free(handle->arg);
		free(handle);
	}
	while ((timer = TAILQ_FIRST(&timers))) {
		TAILQ_REMOVE(&timers, timer, link);
		if (timer->free)
			timer->free(timer->arg);
		free(timer);
	}
}

/* How long to wait, in ms; -1: until woken. */
static int begin_wait(void)
{
	int64_t due = NEVER, left;
	struct timer *timer;

	pthread_mutex_lock(&loop.lock);
	TAILQ_FOREACH(timer, &loop.timers, link)
	if (!timer->removed && timer->due < due)
		due = timer->due;
	if (loop.garbage)
		due = 0;
	loop.wakes = due;
	pthread_mutex_unlock(&loop.lock);
	if (due == NEVER)
		return -1;
	left = due - now_ms();
	return left < 0 ? 0 : left > INT32_MAX ? INT32_MAX : (int)left;
}

static void end_wait(void)
{
	pthread_mutex_lock(&loop.lock);
	loop.wakes = 0;
	pthread_mutex_unlock(&loop.lock);
}

_Noreturn void event_loop_run(void)
{
	struct epoll_event events[EVENTS_MAX];
	eventfd_t ignored;

	for (;;) {
		int count = epoll_wait(loop.epoll, events, EVENTS_MAX, begin_wait());

		end_wait();
		for (int i = 0; i < count; i++) {
			if (events[i].data.u64 == 0)
				eventfd_read(loop.wake, &ignored);
			else
				call_handle((int)events[i].data.u64, events[i].events);
		}
		call_timers();
		sweep();
	}
}

int event_loop_register(void)
{
	struct epoll_event event = { EPOLLIN, { .u64 = 0 } };

	loop.epoll = epoll_create1(EPOLL_CLOEXEC);
	loop.wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (loop.epoll < 0 || loop.wake < 0 ||
	    epoll_ctl(loop.epoll, EPOLL_CTL_ADD, loop.wake, &event) < 0)
		return -1;
	virEventRegisterImpl(add_handle, update_handle, remove_handle, add_timeout,
	    update_timeout, remove_timeout);
	return 0;
}
