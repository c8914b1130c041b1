/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tokens: who may do what with which channel.
 */
#ifndef BRIDGE_AUTH_H
#define BRIDGE_AUTH_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * Long enough not to be guessed, short enough to go through a WebSocket
 * subprotocol, for which libwebsockets has 127 bytes.
 */
#define TOKEN_MIN	16
#define TOKEN_MAX	64

enum auth_right {
	AUTH_READ,
	AUTH_WRITE,
	AUTH_SYNC,
	AUTH_RIGHTS,
};

/**
 * struct auth - The tokens.
 * @path: File they are in; NULL: none is needed anywhere.
 * @made: The bridge made the file, with one token.
 * @tokens: They.
 * @count: How many.
 * @lock: Held to read, or change, the last two.
 */
struct auth {
	char *path;
	bool made;
	struct token *tokens;
	size_t count;
	pthread_rwlock_t lock;
};

void auth_init(struct auth *auth);

/**
 * auth_load() - Read the token file.
 * @auth: Keeps the tokens it had if this fails.
 * @path: The file, the first time; NULL: the same once more.
 *
 * Return: 0 or a negative errno value, and the reason was said.
 */
int auth_load(struct auth *auth, const char *path);

/**
 * auth_make() - Make a token and its file.
 * @auth: Gets the token.
 * @group: Group that may read it; (gid_t)-1: no other than our own.
 *
 * Return: As auth_load().
 */
int auth_make(struct auth *auth, gid_t group);

/* Removes what auth_make() made. */
void auth_free(struct auth *auth);

/* The one token auth_make() made, NULL if it made none. */
const char *auth_made_token(const struct auth *auth);

/* Takes the same time for every wrong token. */
bool auth_allows(struct auth *auth, const char *text, size_t len, enum auth_right right,
		 const char *channel);

/* Whether it is a token at all, whatever it is for. */
bool auth_known(struct auth *auth, const char *text, size_t len);

/* The token in "memlog.token.BASE64URL". Return: its length; -1 it is none. */
ssize_t auth_decode(char token[TOKEN_MAX], const char *text, size_t len);

#endif /* BRIDGE_AUTH_H */
