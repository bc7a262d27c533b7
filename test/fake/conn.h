/* SPDX-License-Identifier: MIT */
/*
 * conn: client connections, plain or TLS, each serving one request after another. A
 * request is answered whole (conn_answer) or as a stream of chunks (conn_stream). Nothing
 * here blocks; a connection that is closed stays valid memory until the loop's next turn.
 */
#ifndef TEST_FAKE_CONN_H
#define TEST_FAKE_CONN_H

#include <ev.h>
#include <openssl/ssl.h>
#include <stdbool.h>

#include "test/fake/http.h"

#define CONN_MAX 256
#define CONN_BACKLOG (256 << 10) /* a stream with more than this unsent should wait */

struct conn;

struct server {
	struct ev_loop *loop;
	SSL_CTX *tls; /* NULL for plain text */
	void (*serve)(struct server *s, struct conn *c, const struct request *r);
	/* the server's own */
	struct ev_io accept;
	struct ev_prepare reaper;
	struct conn *conns;
	int count;
};

/* What is reported to the owner of a stream. */
struct stream {
	void (*drained)(void *arg); /* everything queued has been sent */
	void (*closed)(void *arg);  /* the connection is gone; forget it */
	void *arg;
};

/* Listens on "host:port"; returns the port chosen, or -1 with a line on stderr. */
int server_listen(struct server *s, const char *address);

/* Closes everything. */
void server_close(struct server *s);

/* Answers the current request. `headers` are whole lines ("Name: value\r\n") or NULL. */
void conn_answer(struct conn *c, int code, const char *type, const char *headers,
    const void *body, size_t n);

/* Starts a chunked 200 answer; queues one chunk; sends what is queued; ends the answer.
 */
void conn_stream(struct conn *c, const char *type, struct stream owner);
void conn_chunk(struct conn *c, const void *p, size_t n);
void conn_flush(struct conn *c);
void conn_stream_end(struct conn *c);

/* Bytes queued and not yet taken by the kernel. */
size_t conn_pending(const struct conn *c);

/* Closes now; closes with a TCP reset. */
void conn_close(struct conn *c);
void conn_reset(struct conn *c);

/* Sends the answer to the current request one byte each `ms` milliseconds. */
void conn_trickle(struct conn *c, int ms);

/* Never answers the current request. */
void conn_stall(struct conn *c);

/* Ends trickling, and closes the connections that were to get no answer. */
void server_heal(struct server *s);

/* Did the peer show a certificate that the client CA signed? */
bool conn_peer_trusted(const struct conn *c);

#endif
