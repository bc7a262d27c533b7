/* SPDX-License-Identifier: MIT */
/* tls: OpenSSL, kept in one place. */
#include "test/fake/tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdio.h>
#include <sys/socket.h>

static SSL_CTX *give_up(SSL_CTX *ctx, const char *file)
{
	char text[256];

	ERR_error_string_n(ERR_get_error(), text, sizeof(text));
	fprintf(stderr, "fake-apiserver: %s: %s\n", file, text);
	SSL_CTX_free(ctx);
	return NULL;
}

SSL_CTX *tls_load(const char *cert, const char *key, const char *client_ca)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

	if (!ctx)
		return give_up(ctx, cert);
	SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	SSL_CTX_set_mode(
	    ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	if (SSL_CTX_use_certificate_chain_file(ctx, cert) != 1)
		return give_up(ctx, cert);
	if (SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1)
		return give_up(ctx, key);
	if (!client_ca)
		return ctx;
	if (SSL_CTX_load_verify_file(ctx, client_ca) != 1)
		return give_up(ctx, client_ca);
	SSL_CTX_set_client_CA_list(ctx, SSL_load_client_CA_file(client_ca));
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
	return ctx;
}

SSL *tls_accept(SSL_CTX *ctx, int fd)
{
	SSL *ssl = SSL_new(ctx);

	if (!ssl)
		return NULL;
	SSL_set_fd(ssl, fd);
	SSL_set_accept_state(ssl);
	return ssl;
}

static ssize_t tls_result(SSL *ssl, int ret)
{
	int err = SSL_get_error(ssl, ret);

	ERR_clear_error();
	if (err == SSL_ERROR_WANT_READ || err == SSL_ERROR_WANT_WRITE)
		return IO_AGAIN;
	return err == SSL_ERROR_ZERO_RETURN ? 0 : IO_ERROR;
}

static ssize_t plain_result(ssize_t n)
{
	if (n >= 0)
		return n;
	return errno == EAGAIN || errno == EINTR ? IO_AGAIN : IO_ERROR;
}

ssize_t io_read(int fd, SSL *ssl, void *p, size_t n)
{
	size_t done;
	int ret;

	if (!ssl)
		return plain_result(recv(fd, p, n, 0));
	ret = SSL_read_ex(ssl, p, n, &done);
	return ret > 0 ? (ssize_t)done : tls_result(ssl, ret);
}

ssize_t io_write(int fd, SSL *ssl, const void *p, size_t n)
{
	size_t done;
	int ret;

	if (!ssl)
		return plain_result(send(fd, p, n, MSG_NOSIGNAL));
	ret = SSL_write_ex(ssl, p, n, &done);
	return ret > 0 ? (ssize_t)done : tls_result(ssl, ret);
}
