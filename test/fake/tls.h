/* SPDX-License-Identifier: MIT */
/* tls: the server's TLS settings, and reading and writing that never block. */
#ifndef TEST_FAKE_TLS_H
#define TEST_FAKE_TLS_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <sys/types.h>

/*
 * Loads certificate and key (PEM files). With client_ca, clients are asked for a
 * certificate and a wrong one fails the handshake. Returns NULL with a line on stderr.
 */
SSL_CTX *tls_load(const char *cert, const char *key, const char *client_ca);

/* The TLS end of an accepted socket. */
SSL *tls_accept(SSL_CTX *ctx, int fd);

#define IO_AGAIN (-1)
#define IO_ERROR (-2)

/* read(2) and write(2) on a socket, over TLS when `ssl` is set: bytes, 0, or one of IO_*.
 */
ssize_t io_read(int fd, SSL *ssl, void *p, size_t n);
ssize_t io_write(int fd, SSL *ssl, const void *p, size_t n);

#endif
