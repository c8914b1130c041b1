// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <string.h>

#include "quote.h"

const char *quote(char buf[QUOTE_SIZE], const char *value)
{
	char *out = buf;
	size_t i;

	*out++ = '"';
	for (i = 0; i < QUOTE_MAX && value[i]; i++) {
		unsigned char c = (unsigned char)value[i];

		if (c < 0x20 || c > 0x7e) {
			out += sprintf(out, "\\x%02x", c);
			continue;
		}
		if (c == '"' || c == '\\')
			*out++ = '\\';
		*out++ = (char)c;
	}
	strcpy(out, value[i] ? "...\"" : "\"");
	return buf;
}
