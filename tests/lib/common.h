/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests of the library share: a folder to work in, and texts that
 * prove themselves.
 */
#ifndef TESTS_LIB_COMMON_H
#define TESTS_LIB_COMMON_H

#include <errno.h>
#include <memlog.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEXT_HEAD	24

/* Their own loops are nothing to watch for races, and would take most of the time. */
#define unwatched	__attribute__((no_sanitize("thread")))

/* "WW NNNNNNNNNNNN LLLLLL " and then one letter, over and over, and a newline */
static inline unwatched size_t make_text(char *text, unsigned int writer, uint64_t n, size_t len)
{
	char head[64];

	snprintf(head, sizeof(head), "%02u %012llu %06zu %c", writer % 100,
		 (unsigned long long)n % 1000000000000ULL, len % 1000000, ' ');
	memcpy(text, head, TEXT_HEAD);
	memset(text + TEXT_HEAD, 'a' + (int)(n % 26), len - TEXT_HEAD - 1);
	text[len - 1] = '\n';
	return len;
}

/* Whether @text is what make_text() made; says which it is. */
static inline unwatched bool check_text(const char *text, size_t len, unsigned int *writer,
			      uint64_t *n)
{
	char head[TEXT_HEAD + 1] = { 0 };
	unsigned long long number;
	size_t said;

	if (len <= TEXT_HEAD)
		return false;
	memcpy(head, text, TEXT_HEAD);
	if (sscanf(head, "%2u %12llu %6zu", writer, &number, &said) != 3 || said != len)
		return false;
	for (size_t i = TEXT_HEAD; i < len - 1; i++)
		if (text[i] != 'a' + (char)(number % 26))
			return false;
	*n = number;
	return text[len - 1] == '\n';
}

static char test_dir[64];

static inline void remove_test_dir(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", test_dir);
	if (test_dir[0] && system(command))
		fprintf(stderr, "# could not remove %s\n", test_dir);
}

/* @path becomes a path in a folder that is removed in the end. */
static inline const char *in_test_dir(char path[128], const char *name)
{
	if (!test_dir[0]) {
		strcpy(test_dir, "/tmp/memlog-test.XXXXXX");
		if (!mkdtemp(test_dir))
			abort();
	}
	snprintf(path, 128, "%s/%s", test_dir, name);
	return path;
}

static inline int open_ring(struct memlog_embedded **ring, const char *path,
			    uint64_t size, uint32_t flags)
{
	struct memlog_embedded_options options = {
		.size = sizeof(options), .text_size = size, .flags = flags,
		.name = "test",
	};

	return memlog_embedded_open(ring, path, &options);
}

/* Positions do not begin at 0 in every build. */
static inline uint64_t first_pos(struct memlog_embedded *ring)
{
	struct memlog_info info;

	memlog_embedded_info(ring, &info);
	return info.next_seq ? 0 : info.next_pos;
}

static inline int follow(struct memlog_reader **reader, const char *path)
{
	struct memlog_reader_options options = {
		.size = sizeof(options), .flags = MEMLOG_READ_FOLLOW,
	};

	return memlog_reader_open(reader, path, &options);
}

static inline ssize_t put(struct memlog_embedded *ring, const char *text)
{
	return memlog_embedded_write(ring, NULL, text, strlen(text), NULL);
}

/* A process that waits forever would hold up all tests. */
static inline int next_within(struct memlog_reader *reader, int ms,
			      const struct memlog_record **rec, const char **text)
{
	int event;

	while (!(event = memlog_next(reader, rec, text))) {
		int ret = memlog_wait(reader, ms);

		if (ret <= 0)
			return ret ? ret : -ETIMEDOUT;
	}
	return event;
}

#endif /* TESTS_LIB_COMMON_H */
