/* SPDX-License-Identifier: MIT */
/*
 * event_loop: libvirt's event loop, over epoll. Hides the descriptors and timers that
 * libvirt registers, and their lock.
 *
 * libvirt's client takes its socket out of the loop before every call and puts it back
 * after it, and moves its keepalive timer at every answer. Its default loop (GLib's) is
 * woken for each of these and builds its list of descriptors anew: about 1 ms a call
 * where two threads call. Here the kernel's list is changed from the calling thread, and
 * the loop is woken only for what is due earlier than it would wake by itself.
 *
 * The rules are those of libvirt-event.h (virEventRegisterImpl): functions may be called
 * from any thread and from callbacks; what was registered with a handle is freed on the
 * loop's thread, after its last callback, never inside the call that removes it.
 */
#ifndef DAEMON_VIRT_EVENT_LOOP_H
#define DAEMON_VIRT_EVENT_LOOP_H

/* Makes it libvirt's loop. Once, before the first connection is opened; -1 and errno where
 * the kernel gives no descriptors for it. */
int event_loop_register(void);

/* Calls back for ever. On one thread, which does nothing else. */
_Noreturn void event_loop_run(void);

#endif
