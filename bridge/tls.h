/* SPDX-License-Identifier: GPL-2.0-only */
/* TLS: certificate and key, and what the connections may be like. */
#ifndef BRIDGE_TLS_H
#define BRIDGE_TLS_H

#include <openssl/ssl.h>
#include <stdbool.h>

#include "bridge.h"
#include "tls_streams.h"

/* Whether the two files are right. Says what is wrong, returns an exit status. */
int tls_check(const char *cert, const char *key);

/* What libwebsockets has to know; nothing without a certificate. */
void tls_fill(const struct options *options, struct lws_context_creation_info *info);

/* Whether the two sides have agreed on HTTP/2. */
bool tls_is_h2(const SSL *ssl);

/* The streams of a connection of HTTP/2; NULL: no memory. */
struct tls_streams *tls_streams_of(SSL *ssl);

/*
 * @network is the connection @ssl of HTTP/2: it gives back the window that is used up
 * by what comes for nobody.
 */
void tls_streams_serve(SSL *ssl, struct lws *network);

/* Takes the SSL_CTX that libwebsockets made. Return: 0, or -1. */
int tls_set_context(struct shard *shard, void *ssl_ctx);

/* Reads certificate and key again; if they are wrong, they stay what they were. */
void tls_reload(struct shard *shard);

#endif /* BRIDGE_TLS_H */
