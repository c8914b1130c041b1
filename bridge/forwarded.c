// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>
#include <strings.h>

#include "forwarded.h"

bool forwarded_trusts(const struct options *options, const struct address *address)
{
	struct net net;

	for (size_t i = 0; i < options->proxies.count; i++)
		if (net_parse(&net, options->proxies.values[i]) && net_has(&net, address))
			return true;
	return false;
}

static const char *trim(const char *text, size_t *len, const char *what)
{
	while (*len && strchr(what, text[0])) {
		text++;
		--*len;
	}
	while (*len && strchr(what, text[*len - 1]))
		--*len;
	return text;
}

/* The value of for= in the parameters of one element. */
static const char *named_for(const char *text, size_t *len)
{
	const char *end = text + *len;

	while (text < end) {
		const char *stop = memchr(text, ';', (size_t)(end - text));
		size_t part = (size_t)((stop ? stop : end) - text);
		const char *at = trim(text, &part, " \t");

		if (part > 4 && !strncasecmp(at, "for=", 4)) {
			*len = part - 4;
			return trim(at + 4, len, "\"");
		}
		if (!stop)
			break;
		text = stop + 1;
	}
	*len = 0;
	return text;
}

bool forwarded_for(const struct options *options, const char *header, bool named,
		   struct address *address)
{
	size_t end = strlen(header);
	bool any = false;

	for (;;) {
		size_t begin = end, len;
		struct address one;
		const char *text;

		while (begin && header[begin - 1] != ',')
			begin--;
		len = end - begin;
		text = trim(header + begin, &len, " \t");
		if (named)
			text = named_for(text, &len);
		if (!address_parse(&one, text, len))
			return any;
		*address = one;
		any = true;
		if (!begin || !forwarded_trusts(options, &one))
			return true;
		end = begin - 1;
	}
}
