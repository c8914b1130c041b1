/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Regular expressions, with a limit to what one record may cost.
 */
#ifndef BRIDGE_FILTER_REGEX_H
#define BRIDGE_FILTER_REGEX_H

#include <stdbool.h>
#include <stddef.h>

struct pcre2_real_code_8;

/* As filter_set_grep(); @re is what stands between the slashes. */
int regex_compile(struct pcre2_real_code_8 **codep, const char *re, bool icase,
		  char *why, size_t size);
void regex_free(struct pcre2_real_code_8 *code);

/* Whether it matches, or takes too long to say. Any number of threads may ask. */
bool regex_match(const struct pcre2_real_code_8 *code, const char *text, size_t len);

#endif /* BRIDGE_FILTER_REGEX_H */
