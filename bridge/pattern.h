/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Patterns as people write them for JavaScript, in the words of PCRE2: a page
 * that filters what it holds and we who filter for it have to agree on every
 * record. What can't be said so that both mean the same is refused.
 */
#ifndef BRIDGE_PATTERN_H
#define BRIDGE_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

/**
 * pattern_translate() - A JavaScript pattern for PCRE2.
 * @re: What stands between the slashes.
 * @icase: With the flag i, the only one there is.
 * @translated: Set to the pattern, free() is the caller's; for PCRE2_UTF,
 *              PCRE2_DOLLAR_ENDONLY and PCRE2_MATCH_UNSET_BACKREF.
 * @why: Set to what is wrong, for -EINVAL.
 * @size: Bytes of @why.
 *
 * What is left of differences: a character above U+FFFF in the text counts as
 * one here, as two in JavaScript; and under i a few signs (Angstrom, Ohm, capital
 * sharp s) are the letters they look like.
 *
 * Return: 0, -EINVAL, -ENOMEM.
 */
int pattern_translate(const char *re, bool icase, char **translated, char *why,
		      size_t size);

#endif /* BRIDGE_PATTERN_H */
