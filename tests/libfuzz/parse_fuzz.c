// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every parser of what people write. What is accepted lies in its range, what is
 * refused leaves the result alone, and a time that is printed is read back.
 */
#include <memlog.h>
#include <string.h>

#include "libfuzz.h"

static void parse_times(const char *str)
{
	uint64_t ns = 12345, again = 0;
	char text[MEMLOG_TIME_SIZE];

	if (memlog_parse_time(str, 1714564800000000000ULL, &ns)) {
		must(ns == 12345);
		return;
	}
	for (int utc = 0; utc < 2; utc++) {
		must(memlog_format_time(text, ns, utc) == strlen(text));
		if (ns / 1000000000 < 253402300800ULL && ns / 1000000000 < 18446744072ULL)
			must(!memlog_parse_time(text, 0, &again) && again == ns / 1000 * 1000);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned int mask = 0xabc;
	uint64_t a = 1, b = 2;
	char path[32];
	char *str = malloc(size + 1);
	int n;

	must(str);
	memcpy(str, data, size);
	str[size] = '\0';
	parse_times(str);
	n = memlog_parse_level(str);
	must(n <= 7);
	n = memlog_parse_pri(str);
	must(n <= MEMLOG_PRI_MAX);
	if (memlog_parse_levels(str, &mask))
		must(mask == 0xabc);
	else
		must(mask && mask <= 0xff);
	if (memlog_parse_size(str, &a))
		must(a == 1);
	if (memlog_parse_number(str, &b))
		must(b == 2);
	a = 1;
	b = 2;
	if (memlog_parse_place(str, &a, &b))
		must(a == 1);
	if (!memlog_channel_path(path, sizeof(path), str))
		must(strlen(path) < sizeof(path));
	free(str);
	return 0;
}
