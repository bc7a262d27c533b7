/* SPDX-License-Identifier: MIT */
/*
 * journal: the native protocol of the systemd journal (one datagram of KEY=VALUE lines;
 * see "Native Journal Protocol" of systemd's documentation), spoken over a socket of our
 * own that never blocks: libsystemd's own sender waits when the journal is stuck.
 */
#include "daemon/journal/journal.h"

#include <endian.h>
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "daemon/host/clock.h"
#include "lib/base/arena.h"
#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/doc/json.h"

#define JOURNAL_SOCKET "/run/systemd/journal/socket"
#define RING 512
#define TEXT_LIMIT 2048
/* All errors of a refused configuration together; a datagram holds it easily. */
#define LONG_LIMIT 32768
#define NAME_LIMIT 256
#define KEY_LIMIT 512

struct event {
	uint64_t seq;
	int64_t wall;
	enum level level;
	char *kind, *name, *key, *action, *result, *text;
};

static const struct {
	const char *id;
	bool multiline; /* texts of several lines are ours, none of them from outside */
} messages[] = {
	[MESSAGE_STARTED] = { "1ca0ce64a2cc428095beba4a34162cac", false },
	[MESSAGE_STOPPING] = { "1b378852fbb846f8a4fc8fe83f69627f", false },
	[MESSAGE_CONFIG_LOADED] = { "e7b154da85c049cfb9c4d7bbe195be06", false },
	[MESSAGE_CONFIG_REFUSED] = { "62d62802d58a4e9e9f4c03df2a71c659", true },
	[MESSAGE_SOURCE] = { "8c922f4361ef4239b2da0a8be5017081", false },
	[MESSAGE_EVENT] = { "680ec1815c934815b1b85760758214e4", false },
	[MESSAGE_STEP] = { "8e5db375b4b447b891ab259c419321b8", false },
	[MESSAGE_STEP_FAILED] = { "cd92071524db45b18fe0a4faa99ed171", false },
	[MESSAGE_VERDICT] = { "fa820b2f0cf44935986e19d2f6bec173", false },
	[MESSAGE_CONTROL] = { "4f70148204014498a97dfee0f1078d6a", false },
	[MESSAGE_STATE] = { "2f09687e34344404b0c228dfd5bff996", false },
};

static const char *const level_names[] = {
	[LEVEL_ERROR] = "error",
	[LEVEL_WARNING] = "warning",
	[LEVEL_NOTICE] = "notice",
	[LEVEL_INFO] = "info",
	[LEVEL_DEBUG] = "debug",
};

/* There is one journal per process, so its state is the process's too. */
static struct {
	struct event ring[RING];
	uint64_t first,
	    last;      /* the ring holds seq first + 1 .. last, less what is over */
	bool stream;   /* stderr leads to the journal */
	int fd;	       /* its socket; -1: not connected */
	bool debug;    /* systemd requests it ($DEBUG_INVOCATION) */
	unsigned lost; /* since something last got through */
	void (*changed)(void *arg);
	void *arg;
} journal = { .fd = -1 };

/* Does stderr lead to the journal? systemd says which file would ($JOURNAL_STREAM). */
static bool is_journal_stream(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat st;

	return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
	       fstat(STDERR_FILENO, &st) == 0 && st.st_dev == device &&
	       st.st_ino == inode;
}

static void connect_socket(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX,
		.sun_path = JOURNAL_SOCKET };

	if (journal.fd >= 0)
		close(journal.fd);
	journal.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (journal.fd >= 0 &&
	    connect(journal.fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		close(journal.fd);
		journal.fd = -1;
	}
}

void journal_open(void)
{
	const char *debug = getenv("DEBUG_INVOCATION");

	/* So that numbers go on growing over a restart, for clients that come back. */
	if (journal.last == 0)
		journal.first = journal.last = (uint64_t)clock_wall();
	journal.debug = debug && strcmp(debug, "1") == 0;
	journal.stream = is_journal_stream();
	if (journal.stream)
		connect_socket();
}

static void add_field(struct text *datagram, const char *key, const char *value)
{
	uint64_t size;

	if (!value)
		return;
	if (!strchr(value, '\n')) {
		text_add(datagram, "%s=%s\n", key, value);
		return;
	}
	size = htole64(strlen(value));
	text_add(datagram, "%s\n", key);
	text_add_n(datagram, (const char *)&size, sizeof(size));
	text_add(datagram, "%s\n", value);
}

static bool send_datagram(const struct text *datagram)
{
	ssize_t n = send(
	    journal.fd, datagram->data, datagram->length, MSG_DONTWAIT | MSG_NOSIGNAL);

	/* journald was restarted: its socket is another one now. */
	if (n < 0 && (errno == ECONNREFUSED || errno == ENOTCONN)) {
		connect_socket();
		if (journal.fd >= 0)
			n = send(journal.fd, datagram->data, datagram->length,
			    MSG_DONTWAIT | MSG_NOSIGNAL);
	}
	return n >= 0;
}

/* A message about something that is no object names it itself; one about a step says
 * whether it was done. */
static void add_subject(struct text *line, const struct event *event)
{
	if (event->kind && event->name)
		text_add(line, "%s/%s: ", event->kind, event->name);
	if (event->action && event->result)
		text_add(line, "%s: ", event->result);
	if (event->action && event->result && strcmp(event->action, event->text) != 0)
		text_add(line, "%s: ", event->action);
}

static void send_to_journal(const struct event *event, enum message message)
{
	autotext struct text datagram = { 0 }, line = { 0 };

	add_subject(&line, event);
	text_add(&line, "%s", event->text);
	text_add(&datagram, "PRIORITY=%d\nSYSLOG_IDENTIFIER=homek8sd\n", event->level);
	add_field(&datagram, "MESSAGE", line.data);
	add_field(&datagram, "MESSAGE_ID", messages[message].id);
	add_field(&datagram, "HOMEK8S_KIND", event->kind);
	add_field(&datagram, "HOMEK8S_NAME", event->name);
	add_field(&datagram, "HOMEK8S_KEY", event->key);
	add_field(&datagram, "HOMEK8S_ACTION", event->action);
	add_field(&datagram, "HOMEK8S_RESULT", event->result);
	if (journal.lost > 0)
		text_add(&datagram, "HOMEK8S_LOST=%u\n", journal.lost);
	if (send_datagram(&datagram))
		journal.lost = 0;
	else
		journal.lost++;
}

/* A pipe that polls writable takes PIPE_BUF bytes without blocking; a line is cut to
 * that. */
static void send_to_stderr(const struct event *event)
{
	struct pollfd ready = { .fd = STDERR_FILENO, .events = POLLOUT };
	autotext struct text line = { 0 };
	size_t length;

	if (journal.lost > 0)
		text_add(
		    &line, "(%u messages before this one were lost)\n", journal.lost);
	if (journal.stream)
		text_add(&line, "<%d>", event->level);
	else
		text_add(&line, "%s: ", level_names[event->level]);
	add_subject(&line, event);
	text_add(&line, "%s", event->text);
	length = line.length < 4095 ? line.length : 4095;
	line.data[length] = '\n';
	if (poll(&ready, 1, 0) != 1 || !(ready.revents & POLLOUT) ||
	    write(STDERR_FILENO, line.data, length + 1) < 0)
		journal.lost++;
	else
		journal.lost = 0;
}

static void forget(struct event *event)
{
	free(event->kind);
	free(event->name);
	free(event->key);
	free(event->action);
	free(event->result);
	free(event->text);
	*event = (struct event){ 0 };
}

static char *clean_copy(struct arena *a, const char *text, size_t limit)
{
	return text ? must_copy(text_clean(a, text, limit)) : NULL;
}

/* Each line cleaned by itself; line ends at the end are dropped. */
static char *clean_lines(struct arena *a, const char *text)
{
	struct text out = { 0 };
	size_t length;

	for (const char *line = text; *line && out.length < LONG_LIMIT; line += length) {
		length = strcspn(line, "\n");
		text_add(&out, "%s%s", out.length ? "\n" : "",
		    text_clean(a, arena_copy_n(a, line, length), TEXT_LIMIT));
		length += strspn(line + length, "\n");
	}
	return out.data ? out.data : must_copy("");
}

static void fill(struct event *event, enum message message, const struct subject *subject,
    const char *text)
{
	struct arena a = { 0 };

	if (subject) {
		event->kind = clean_copy(&a, subject->kind, NAME_LIMIT);
		event->name = clean_copy(&a,
		    subject->short_name ? subject->short_name : subject->name,
		    NAME_LIMIT);
		if (subject->kind && subject->name)
			event->key = clean_copy(&a,
			    arena_printf(&a, "%s/%s", subject->kind, subject->name),
			    KEY_LIMIT);
		event->action = clean_copy(&a, subject->action, NAME_LIMIT);
		event->result = clean_copy(&a, subject->result, NAME_LIMIT);
	}
	event->text = messages[message].multiline ? clean_lines(&a, text)
						  : clean_copy(&a, text, TEXT_LIMIT);
	event->wall = clock_wall();
	arena_done(&a);
}

static void say(const struct event *event, enum message message)
{
	if (journal.stream && journal.fd < 0)
		connect_socket();
	if (journal.fd >= 0)
		send_to_journal(event, message);
	else
		send_to_stderr(event);
}

void journal_say(enum level level, enum message message, const struct subject *subject,
    const char *format, ...)
{
	autofree char *text = NULL;
	struct event event = { .level = level };
	struct event *slot;
	va_list args;

	if (level == LEVEL_DEBUG && !journal.debug)
		return;
	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		abort();
	va_end(args);
	fill(&event, message, subject, text);
	say(&event, message);
	if (level == LEVEL_DEBUG) {
		forget(&event);
		return;
	}
	slot = &journal.ring[journal.last++ % RING];
	event.seq = journal.last;
	forget(slot);
	*slot = event;
	if (journal.changed)
		journal.changed(journal.arg);
}

struct list journal_events(struct arena *a, uint64_t after)
{
	uint64_t first = journal.first;
	struct event_view *views;
	size_t count;

	if (journal.last - first > RING)
		first = journal.last - RING;
	if (first < after)
		first = after < journal.last ? after : journal.last;
	count = (size_t)(journal.last - first);
	views = arena_array(a, count + 1, sizeof(*views));
	for (size_t i = 0; i < count; i++) {
		const struct event *event = &journal.ring[(first + i) % RING];

		views[i] = (struct event_view){ (int64_t)event->seq, event->wall,
			level_names[event->level], event->kind, event->name, event->key,
			event->action, event->result, event->text };
	}
	return (struct list){ views, count };
}

uint64_t journal_last(void)
{
	return journal.last;
}

void journal_listen(void (*changed)(void *arg), void *arg)
{
	journal.changed = changed;
	journal.arg = arg;
}
