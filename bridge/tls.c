// SPDX-License-Identifier: GPL-2.0-only
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <string.h>

#include "log.h"
#include "tls.h"

/* TLS 1.2 with forward secrecy; what 1.3 has is all right. */
static const char ciphers[] = "ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL";

/* A key with a passphrase would ask for it on the terminal. */
static int no_passphrase(char *buf, int size, int writing, void *arg)
{
	return 0;
}

static void say(const char *what, const char *path)
{
	unsigned long err = ERR_peek_last_error();
	const char *reason = ERR_reason_error_string(err);

	log_error("can't read the %s %s: %s", what, path, reason ? reason : "no PEM file");
	ERR_clear_error();
}

static int load(SSL_CTX *ctx, const char *cert, const char *key)
{
	ERR_clear_error();
	SSL_CTX_set_default_passwd_cb(ctx, no_passphrase);
	if (SSL_CTX_use_certificate_chain_file(ctx, cert) != 1) {
		say("certificate", cert);
		return EXIT_SYSTEM;
	}
	if (SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1 ||
	    SSL_CTX_check_private_key(ctx) != 1) {
		say("certificate's key", key);
		return EXIT_SYSTEM;
	}
	return 0;
}

int tls_check(const char *cert, const char *key)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	int status = ctx ? load(ctx, cert, key) : EXIT_SYSTEM;

	SSL_CTX_free(ctx);
	return status;
}

void tls_fill(const struct options *options, struct lws_context_creation_info *info)
{
	if (!options->tls_cert)
		return;
	info->options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
	info->ssl_cert_filepath = options->tls_cert;
	info->ssl_private_key_filepath = options->tls_key;
	info->ssl_cipher_list = ciphers;
	info->alpn = options->no_http2 ? "http/1.1" : "h2,http/1.1";
}

bool tls_is_h2(const SSL *ssl)
{
	const unsigned char *name;
	unsigned int len;

	SSL_get0_alpn_selected(ssl, &name, &len);
	return len == 2 && !memcmp(name, "h2", 2);
}

int tls_set_context(struct shard *shard, void *ssl_ctx)
{
	shard->ssl_ctx = ssl_ctx;
	SSL_CTX_set_default_passwd_cb(ssl_ctx, no_passphrase);
	SSL_CTX_set_options(ssl_ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
	/* what an idle client costs */
	SSL_CTX_set_mode(ssl_ctx, SSL_MODE_RELEASE_BUFFERS);
	return SSL_CTX_set_min_proto_version(ssl_ctx, TLS1_2_VERSION) == 1 ? 0 : -1;
}

void tls_reload(struct shard *shard)
{
	const struct options *options = &shard->bridge->options;

	if (!shard->ssl_ctx)
		return;
	if (tls_check(options->tls_cert, options->tls_key) ||
	    load(shard->ssl_ctx, options->tls_cert, options->tls_key))
		log_error("the certificate stays what it was");
	else
		log_info("certificate read from %s", options->tls_cert);
}
