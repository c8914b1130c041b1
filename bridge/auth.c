// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auth.h"
#include "log.h"
#include "runtime.h"

/**
 * struct token - A line of the token file.
 * @text: The token, filled up with zeros: all are compared over their full size.
 * @right: What it is for.
 * @channels: For these channels, words parted by one space each and a space at
 *            both ends; NULL for all.
 */
struct token {
	char text[TOKEN_MAX];
	enum auth_right right;
	char *channels;
};

static const char *const right_names[AUTH_RIGHTS] = { "read", "write", "sync" };

static const char token_chars[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				  "abcdefghijklmnopqrstuvwxyz0123456789._~+/=-";

static void free_tokens(struct token *tokens, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(tokens[i].channels);
		explicit_bzero(tokens[i].text, TOKEN_MAX);
	}
	free(tokens);
}

static bool token_ok(const char *text)
{
	size_t len = strlen(text);

	return len >= TOKEN_MIN && len <= TOKEN_MAX && strspn(text, token_chars) == len;
}

/* " a b " of what is left of the line; NULL in *@channels if that is nothing. */
static int parse_channels(char **channels, char **save)
{
	const char *word;

	*channels = NULL;
	while ((word = strtok_r(NULL, " \t\r\n", save))) {
		char *old = *channels;

		if (asprintf(channels, "%s%s ", old ? old : " ", word) < 0) {
			*channels = old;
			return -ENOMEM;
		}
		free(old);
	}
	return 0;
}

/* Return: 1 a token, 0 an empty line or a comment, or a negative errno value. */
static int parse_line(struct token *token, char *line, const char *path, unsigned int nr)
{
	char *save, *word = strtok_r(line, " \t\r\n", &save);
	const char *text;
	int right;

	if (!word || word[0] == '#')
		return 0;
	for (right = 0; right < AUTH_RIGHTS; right++)
		if (!strcmp(word, right_names[right]))
			break;
	text = strtok_r(NULL, " \t\r\n", &save);
	if (right == AUTH_RIGHTS || !text || !token_ok(text)) {
		log_error("%s:%u: expected \"read|write|sync TOKEN [CHANNEL...]\", a token being %d to %d letters, digits and ._~+/=-",
			  path, nr, TOKEN_MIN, TOKEN_MAX);
		return -EINVAL;
	}
	*token = (struct token){ .right = (enum auth_right)right };
	memcpy(token->text, text, strlen(text));
	return parse_channels(&token->channels, &save) ? -ENOMEM : 1;
}

static int parse_file(struct auth *fresh, FILE *file, const char *path)
{
	char *line = NULL;
	size_t size = 0;
	unsigned int nr = 0;
	int ret = 0;

	while (ret >= 0 && getline(&line, &size, file) >= 0) {
		struct token *tokens = realloc(fresh->tokens,
					       (fresh->count + 1) * sizeof(*tokens));

		if (!tokens) {
			ret = -ENOMEM;
			break;
		}
		fresh->tokens = tokens;
		ret = parse_line(&tokens[fresh->count], line, path, ++nr);
		fresh->count += ret > 0;
	}
	if (line)
		explicit_bzero(line, size);
	free(line);
	if (ret >= 0 && !fresh->count) {
		log_error("%s holds no token; add a line \"read TOKEN\"", path);
		return -EINVAL;
	}
	return ret < 0 ? ret : 0;
}

/* Whoever can write the file makes the tokens, whoever reads it has them. */
static int check_mode(FILE *file, const char *path)
{
	struct stat st;

	if (fstat(fileno(file), &st))
		return -errno;
	if (!(st.st_mode & 027))
		return 0;
	log_error("%s: mode %03o lets others read or change the tokens; chmod 640 %s",
		  path, st.st_mode & 0777, path);
	return -EPERM;
}

int auth_load(struct auth *auth, const char *path)
{
	struct auth fresh = { 0 };
	struct token *old;
	size_t old_count;
	FILE *file;
	int err;

	if (!auth->path)
		auth->path = strdup(path);
	path = auth->path;
	if (!path)
		return -ENOMEM;
	file = fopen(path, "re");
	if (!file) {
		err = -errno;
		log_error("can't read tokens from %s: %s", path, strerror(-err));
		return err;
	}
	err = check_mode(file, path);
	if (!err)
		err = parse_file(&fresh, file, path);
	fclose(file);
	if (err) {
		free_tokens(fresh.tokens, fresh.count);
		return err;
	}
	pthread_rwlock_wrlock(&auth->lock);
	old = auth->tokens;
	old_count = auth->count;
	auth->tokens = fresh.tokens;
	auth->count = fresh.count;
	pthread_rwlock_unlock(&auth->lock);
	free_tokens(old, old_count);
	return 0;
}

/* 128 bits; as a subprotocol it is short enough for libwebsockets. */
static int make_token(char text[33])
{
	unsigned char bytes[16];

	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		return -errno;
	for (size_t i = 0; i < sizeof(bytes); i++)
		sprintf(text + 2 * i, "%02x", bytes[i]);
	return 0;
}

/* Written beside its place and moved there, so that nobody reads half of it. */
static int write_token(const char *path, const char *text, gid_t group)
{
	char *fresh;
	int fd, err = 0;

	if (asprintf(&fresh, "%s.%ld", path, (long)getpid()) < 0)
		return -ENOMEM;
	unlink(fresh);
	fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0) {
		err = -errno;
		goto out;
	}
	if (group != (gid_t)-1 && fchown(fd, (uid_t)-1, group))
		log_info("%s: can't give it to group %u: %s", path, group, strerror(errno));
	if (fchmod(fd, 0640) || dprintf(fd, "read %s\n", text) < 0 || rename(fresh, path))
		err = -errno;
	close(fd);
	if (err)
		unlink(fresh);
out:
	free(fresh);
	return err;
}

int auth_make(struct auth *auth, gid_t group)
{
	const char *dir = runtime_dir();
	char text[33], *path;
	int err;

	if (!dir) {
		dir = runtime_default();
		if (mkdir(dir, 0755) && errno != EEXIST) {
			err = -errno;
			log_error("can't make %s for the token: %s; set RUNTIME_DIRECTORY, or use --token-file",
				  dir, strerror(-err));
			return err;
		}
	}
	if (asprintf(&path, "%s/token", dir) < 0)
		return -ENOMEM;
	err = make_token(text);
	if (!err)
		err = write_token(path, text, group);
	if (err)
		log_error("can't write a token to %s: %s; set RUNTIME_DIRECTORY, or use --token-file",
			  path, strerror(-err));
	else
		err = auth_load(auth, path);
	auth->made = !err;
	explicit_bzero(text, sizeof(text));
	free(path);
	return err;
}

void auth_init(struct auth *auth)
{
	*auth = (struct auth){ 0 };
	pthread_rwlock_init(&auth->lock, NULL);
}

void auth_free(struct auth *auth)
{
	if (auth->made)
		unlink(auth->path);
	free_tokens(auth->tokens, auth->count);
	free(auth->path);
	pthread_rwlock_destroy(&auth->lock);
	*auth = (struct auth){ 0 };
}

const char *auth_made_token(const struct auth *auth)
{
	static char text[TOKEN_MAX + 1];

	if (!auth->made)
		return NULL;
	memcpy(text, auth->tokens[0].text, TOKEN_MAX);
	return text;
}

static bool for_channel(const struct token *token, const char *channel)
{
	const char *list = token->channels;
	size_t len = strlen(channel);

	if (!list)
		return true;
	/* each word has a space before it and one behind it */
	for (list++; *list; list = strchr(list, ' ') + 1)
		if (!strncmp(list, channel, len) && list[len] == ' ')
			return true;
	return false;
}

/* Which of the tokens it is; the same time for every wrong one. */
static const struct token *find(const struct auth *auth, const char *text, size_t len,
				enum auth_right right, const char *channel)
{
	char padded[TOKEN_MAX] = { 0 };
	const struct token *found = NULL;

	if (!len || len > TOKEN_MAX || memchr(text, 0, len))
		return NULL;
	memcpy(padded, text, len);
	for (size_t i = 0; i < auth->count; i++) {
		const struct token *token = &auth->tokens[i];
		volatile unsigned char diff = 0; /* lest the compiler stop early */

		for (size_t n = 0; n < TOKEN_MAX; n++)
			diff |= (unsigned char)(padded[n] ^ token->text[n]);
		if (!diff && (!channel || (token->right == right && for_channel(token, channel))))
			found = token;
	}
	explicit_bzero(padded, sizeof(padded));
	return found;
}

bool auth_allows(struct auth *auth, const char *text, size_t len, enum auth_right right,
		 const char *channel)
{
	bool allowed;

	pthread_rwlock_rdlock(&auth->lock);
	allowed = find(auth, text, len, right, channel);
	pthread_rwlock_unlock(&auth->lock);
	return allowed;
}

bool auth_known(struct auth *auth, const char *text, size_t len)
{
	bool known;

	pthread_rwlock_rdlock(&auth->lock);
	known = find(auth, text, len, AUTH_READ, NULL);
	pthread_rwlock_unlock(&auth->lock);
	return known;
}

static int sextet(char c)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789-_";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

ssize_t auth_decode(char token[TOKEN_MAX], const char *text, size_t len)
{
	unsigned int bits = 0, held = 0;
	size_t out = 0;

	if (len % 4 == 1)
		return -1;
	for (size_t i = 0; i < len; i++) {
		int value = sextet(text[i]);

		if (value < 0)
			return -1;
		bits = bits << 6 | (unsigned int)value;
		held += 6;
		if (held < 8)
			continue;
		held -= 8;
		if (out == TOKEN_MAX)
			return -1;
		token[out++] = (char)(bits >> held);
	}
	return (ssize_t)out;
}
