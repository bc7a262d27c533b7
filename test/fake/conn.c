/* SPDX-License-Identifier: MIT */
/*
 * conn: the connection's life. It is either reading a request, or busy until the answer
 * is sent; while it is busy, what the client sends further waits in a bounded buffer.
 * Closing stops the watchers and the socket at once; the memory goes in the reaper,
 * before the loop sleeps, so that callers up the stack may still hold the pointer.
 */
#include "test/fake/conn.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "test/fake/tls.h"

#define READ_SIZE (64 << 10)

struct conn {
	struct server *server;
	struct conn *next;
	int fd;
	SSL *ssl;
	struct ev_io io;
	struct ev_timer trickle;
	struct buf in, out;
	struct request req;
	struct stream stream;
	bool busy, finish, dead, streaming, stalled, trickling, pumping;
};

static void rearm(struct conn *c)
{
	int events = c->in.len < HTTP_HEAD_MAX + READ_SIZE || !c->busy ? EV_READ : 0;

	if (c->out.len && !c->trickling)
		events |= EV_WRITE;
	if (c->dead || events == c->io.events)
		return;
	ev_io_stop(c->server->loop, &c->io);
	ev_io_set(&c->io, c->fd, events);
	ev_io_start(c->server->loop, &c->io);
}

void conn_close(struct conn *c)
{
	struct stream owner = c->stream;

	if (c->dead)
		return;
	c->dead = true;
	ev_io_stop(c->server->loop, &c->io);
	ev_timer_stop(c->server->loop, &c->trickle);
	if (c->ssl) {
		SSL_shutdown(c->ssl);
		SSL_free(c->ssl);
		c->ssl = NULL;
	}
	close(c->fd);
	c->stream = (struct stream){ 0 };
	if (owner.closed)
		owner.closed(owner.arg);
}

void conn_reset(struct conn *c)
{
	struct linger now = { .l_onoff = 1 };

	if (c->dead)
		return;
	setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	SSL_free(c->ssl);
	c->ssl = NULL;
	conn_close(c);
}

static void trickle_end(struct conn *c)
{
	c->trickling = false;
	ev_timer_stop(c->server->loop, &c->trickle);
}

/*
 * Everything queued is sent: the answer is complete, or the stream may go on. A next
 * request that is already here is read in the loop's next turn, not from deep inside
 * another's.
 */
static void drained(struct conn *c)
{
	if (c->streaming) {
		if (c->stream.drained)
			c->stream.drained(c->stream.arg);
	} else if (c->finish) {
		conn_close(c);
	} else if (c->busy && !c->stalled) {
		c->busy = false;
		trickle_end(c);
		http_reset(&c->req);
		if (c->in.len)
			ev_feed_event(c->server->loop, &c->io, EV_CUSTOM);
	}
}

static bool send_some(struct conn *c, size_t most)
{
	ssize_t n = io_write(c->fd, c->ssl, buf_data(&c->out), most);

	if (n == IO_AGAIN)
		return false;
	if (n <= 0) {
		conn_close(c);
		return false;
	}
	buf_drop(&c->out, (size_t)n);
	return true;
}

void conn_flush(struct conn *c)
{
	if (c->dead || c->pumping)
		return;
	if (!c->trickling)
		while (c->out.len && send_some(c, c->out.len))
			;
	if (!c->dead && !c->out.len)
		drained(c);
	if (!c->dead)
		rearm(c);
}

static void on_trickle(struct ev_loop *loop, struct ev_timer *t, int revents)
{
	struct conn *c = t->data;

	(void)loop;
	(void)revents;
	if (c->out.len && send_some(c, 1) && !c->out.len)
		drained(c);
}

static void refuse(struct conn *c, enum http_result res)
{
	static const char bad[] = "400 Bad Request\n";
	static const char large[] =
	    "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},"
	    "\"status\":\"Failure\",\"message\":\"Request entity too large: limit is "
	    "3145728\","
	    "\"reason\":\"RequestEntityTooLarge\",\"code\":413}";

	c->finish = true;
	if (res == HTTP_TOO_LARGE)
		conn_answer(
		    c, 413, "text/plain; charset=utf-8", NULL, large, sizeof(large) - 1);
	else
		conn_answer(
		    c, 400, "text/plain; charset=utf-8", NULL, bad, sizeof(bad) - 1);
}

/* Reads until a request is whole and has been served, or more bytes are needed. */
static void pump(struct conn *c)
{
	enum http_result res;

	if (c->busy || c->finish || c->dead)
		return;
	c->pumping = true;
	res = http_read(&c->req, &c->in);
	c->busy = res != HTTP_MORE;
	if (res == HTTP_READY)
		c->server->serve(c->server, c, &c->req);
	else if (res != HTTP_MORE)
		refuse(c, res);
	if (!c->busy && c->req.expects) {
		c->req.expects = false;
		buf_str(&c->out, "HTTP/1.1 100 Continue\r\n\r\n");
	}
	c->pumping = false;
	if (c->out.len)
		conn_flush(c);
}

static void receive(struct conn *c)
{
	ssize_t n = io_read(c->fd, c->ssl, buf_room(&c->in, READ_SIZE), READ_SIZE);

	if (n == IO_AGAIN)
		return;
	if (n <= 0) {
		conn_close(c);
		return;
	}
	buf_grew(&c->in, (size_t)n);
	pump(c);
}

static void on_io(struct ev_loop *loop, struct ev_io *io, int revents)
{
	struct conn *c = io->data;

	(void)loop;
	if (revents & EV_READ)
		receive(c);
	else if (revents & EV_CUSTOM)
		pump(c);
	if (!c->dead && c->out.len)
		conn_flush(c);
	else if (!c->dead)
		rearm(c);
}

static void on_accept(struct ev_loop *loop, struct ev_io *io, int revents)
{
	struct server *s = io->data;
	int fd = accept4(io->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), one = 1;
	struct conn *c;

	(void)revents;
	if (fd < 0)
		return;
	if (s->count >= CONN_MAX) {
		close(fd);
		return;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	c = xalloc(sizeof(*c));
	c->server = s;
	c->fd = fd;
	c->ssl = s->tls ? tls_accept(s->tls, fd) : NULL;
	c->next = s->conns;
	s->conns = c;
	s->count++;
	ev_io_init(&c->io, on_io, fd, EV_READ);
	c->io.data = c;
	ev_init(&c->trickle, on_trickle);
	c->trickle.data = c;
	ev_io_start(loop, &c->io);
}

static void on_reap(struct ev_loop *loop, struct ev_prepare *w, int revents)
{
	struct server *s = w->data;
	struct conn **at = &s->conns, *c;

	(void)loop;
	(void)revents;
	while ((c = *at)) {
		if (!c->dead) {
			at = &c->next;
			continue;
		}
		*at = c->next;
		http_reset(&c->req);
		buf_free(&c->in);
		buf_free(&c->out);
		free(c);
		s->count--;
	}
}

void conn_answer(struct conn *c, int code, const char *type, const char *headers,
    const void *body, size_t n)
{
	time_t now = time(NULL);
	struct tm tm;
	char date[64];

	if (c->dead)
		return;
	if (c->req.method && !c->req.keep_alive)
		c->finish = true;
	strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&now, &tm));
	buf_fmt(&c->out, "HTTP/1.1 %d %s\r\nCache-Control: no-cache, private\r\n", code,
	    http_reason(code));
	buf_fmt(&c->out,
	    "Content-Type: %s\r\n%sDate: %s\r\n%sContent-Length: %zu\r\n\r\n", type,
	    headers ? headers : "", date, c->finish ? "Connection: close\r\n" : "", n);
	if (!c->req.method || strcmp(c->req.method, "HEAD"))
		buf_add(&c->out, body, n);
	conn_flush(c);
}

void conn_stream(struct conn *c, const char *type, struct stream owner)
{
	if (c->dead)
		return;
	c->streaming = true;
	c->stream = owner;
	buf_fmt(&c->out,
	    "HTTP/1.1 200 OK\r\nCache-Control: no-cache, private\r\nContent-Type: %s\r\n"
	    "Transfer-Encoding: chunked\r\n\r\n",
	    type);
}

void conn_chunk(struct conn *c, const void *p, size_t n)
{
	if (c->dead || !c->streaming || !n)
		return;
	buf_fmt(&c->out, "%zx\r\n", n);
	buf_add(&c->out, p, n);
	buf_add(&c->out, "\r\n", 2);
}

void conn_stream_end(struct conn *c)
{
	struct stream owner = c->stream;

	if (c->dead || !c->streaming)
		return;
	c->stream = (struct stream){ 0 };
	c->streaming = false;
	buf_str(&c->out, "0\r\n\r\n");
	if (!c->req.keep_alive)
		c->finish = true;
	if (owner.closed)
		owner.closed(owner.arg);
	conn_flush(c);
}

size_t conn_pending(const struct conn *c)
{
	return c->out.len;
}

void conn_trickle(struct conn *c, int ms)
{
	if (c->dead)
		return;
	c->trickling = true;
	ev_timer_set(&c->trickle, ms / 1000.0, ms / 1000.0);
	ev_timer_start(c->server->loop, &c->trickle);
}

void conn_stall(struct conn *c)
{
	c->stalled = true;
}

void server_heal(struct server *s)
{
	for (struct conn *c = s->conns; c; c = c->next) {
		if (c->stalled)
			conn_close(c);
		if (c->dead || !c->trickling)
			continue;
		trickle_end(c);
		conn_flush(c);
	}
}

bool conn_peer_trusted(const struct conn *c)
{
	X509 *cert = c->ssl ? SSL_get1_peer_certificate(c->ssl) : NULL;

	X509_free(cert);
	return cert && SSL_get_verify_mode(c->ssl) & SSL_VERIFY_PEER;
}

static int bound_port(int fd)
{
	struct sockaddr_storage at;
	socklen_t n = sizeof(at);

	if (getsockname(fd, (struct sockaddr *)&at, &n) < 0)
		return -1;
	if (at.ss_family == AF_INET6)
		return ntohs(((struct sockaddr_in6 *)&at)->sin6_port);
	return ntohs(((struct sockaddr_in *)&at)->sin_port);
}

static int listen_on(const struct addrinfo *ai)
{
	int fd = socket(ai->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0),
	    one = 1;

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, ai->ai_addr, ai->ai_addrlen) == 0 && listen(fd, CONN_MAX) == 0)
		return fd;
	close(fd);
	return -1;
}

int server_listen(struct server *s, const char *address)
{
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV }, *ai;
	char *host = xstrdup(address), *port = strrchr(host, ':');
	int fd = -1;

	if (port) {
		*port++ = '\0';
		if (getaddrinfo(host, port, &hints, &ai) == 0) {
			fd = listen_on(ai);
			freeaddrinfo(ai);
		}
	}
	free(host);
	if (fd < 0) {
		fprintf(stderr, "fake-apiserver: cannot listen on %s\n", address);
		return -1;
	}
	ev_io_init(&s->accept, on_accept, fd, EV_READ);
	s->accept.data = s;
	ev_io_start(s->loop, &s->accept);
	ev_prepare_init(&s->reaper, on_reap);
	s->reaper.data = s;
	ev_prepare_start(s->loop, &s->reaper);
	return bound_port(fd);
}

void server_close(struct server *s)
{
	ev_io_stop(s->loop, &s->accept);
	close(s->accept.fd);
	for (struct conn *c = s->conns; c; c = c->next)
		conn_close(c);
	on_reap(s->loop, &s->reaper, 0);
	ev_prepare_stop(s->loop, &s->reaper);
}
