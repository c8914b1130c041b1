/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the two halves of the translator share: pattern.c reads groups and what
 * is repeated, pattern_class.c reads characters and sets of them.
 */
#ifndef BRIDGE_PATTERN_PRIVATE_H
#define BRIDGE_PATTERN_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define GROUPS_MAX	64
#define DEPTH_MAX	64

/**
 * enum atom - What a quantifier would stand behind.
 *
 * @ATOM_NONE: Nothing.
 * @ATOM_ASSERT: Something that has no length.
 * @ATOM_PAIR: A character that is two in JavaScript.
 * @ATOM_ANY: Something that can be repeated.
 */
enum atom {
	ATOM_NONE,
	ATOM_ASSERT,
	ATOM_PAIR,
	ATOM_ANY,
};

/**
 * struct group - A group that captures.
 * @name: Its name, NULL if it has none.
 * @name_len: How long that is.
 * @closed: It has ended.
 * @repeated: It, or what it is in, is repeated.
 * @behind: It is in a look-behind.
 * @referred: There is a back-reference to it.
 */
struct group {
	const char *name;
	size_t name_len;
	bool closed;
	bool repeated;
	bool behind;
	bool referred;
};

/**
 * struct level - A group that is open.
 * @capture: Its place in groups, -1 if it does not capture.
 * @first: Groups there were when it began.
 * @look: It is a look-ahead or look-behind.
 * @behind: It is a look-behind.
 * @caseless: Whether case was ignored when it began.
 */
struct level {
	int capture;
	unsigned int first;
	bool look;
	bool behind;
	bool caseless;
};

/**
 * struct pattern - A translation.
 * @at: What is read next.
 * @out: What was written.
 * @icase: The flag i.
 * @caseless: What is written now is matched without regard to case.
 * @atom: What was read last.
 * @atom_first: Groups there were when it began.
 * @behind: Look-behinds that are open.
 * @groups: Groups that capture.
 * @group_count: How many.
 * @levels: Groups that are open.
 * @depth: How many.
 * @why: What is wrong.
 * @size: Bytes of @why.
 */
struct pattern {
	const char *at;
	FILE *out;
	bool icase;
	bool caseless;
	enum atom atom;
	unsigned int atom_first;
	unsigned int behind;
	struct group groups[GROUPS_MAX];
	unsigned int group_count;
	struct level levels[DEPTH_MAX];
	unsigned int depth;
	char *why;
	size_t size;
};

/* Sets @p->why; -EINVAL. */
int pattern_refuse(struct pattern *p, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Writes the switch between regarding case and not, where one is needed. */
void pattern_set_caseless(struct pattern *p, bool caseless);

/* pattern_class.c: each takes what @p->at is at. 0 or -EINVAL. */
int pattern_take_set(struct pattern *p);
int pattern_take_dot(struct pattern *p);
int pattern_take_char(struct pattern *p);

/* An escape that stands for a character or a set of them. */
int pattern_take_escape(struct pattern *p);

#endif /* BRIDGE_PATTERN_PRIVATE_H */
