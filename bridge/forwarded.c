// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "forwarded.h"

bool forwarded_trusts(const struct options *options, const struct address *address)
{
	struct net net;

	for (size_t i = 0; i < options->proxies.count; i++)
		if (net_parse(&net, options->proxies.values[i]) && net_has(&net, address))
			return true;
	return false;
}

static const char *trim(const char *text, size_t *len)
{
	static const char blank[] = " \t";

	while (*len && strchr(blank, text[0])) {
		text++;
		--*len;
	}
	while (*len && strchr(blank, text[*len - 1]))
		--*len;
	return text;
}

bool forwarded_for(const struct options *options, const char *header, struct address *address)
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
		text = trim(header + begin, &len);
		if (!address_parse(&one, text, len))
			return any;
		*address = one;
		any = true;
		if (!begin || !forwarded_trusts(options, &one))
			return true;
		end = begin - 1;
	}
}
