// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Writes three records: a line, one of another priority, and one with a type of
 * the application's own.
 *
 *	$ ./write /dev/memlog
 *	$ memlog follow --no-follow -n 3 --json
 */
#include <memlog.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define TYPE_SAMPLE	7

struct sample {
	uint32_t sensor;
	uint32_t value;
};

int main(int argc, char **argv)
{
	const char *path = argc > 1 ? argv[1] : "/dev/memlog";
	struct sample sample = { 3, 2100 };
	struct memlog_writer *writer;
	ssize_t ret;

	ret = memlog_writer_open(&writer, path);
	if (!ret) {
		ret = memlog_write(writer, MEMLOG_PRI_DEFAULT, "started\n", 8);
		if (ret >= 0)
			ret = memlog_printf(writer, memlog_parse_pri("daemon.warning"),
					    "sensor %u is warm\n", sample.sensor);
		if (ret >= 0)
			ret = memlog_write_typed(writer, TYPE_SAMPLE, MEMLOG_PRI_DEFAULT,
						 &sample, sizeof(sample));
		memlog_writer_close(writer);
	}
	if (ret < 0) {
		fprintf(stderr, "%s: %s\n", path, strerror((int)-ret));
		return 111;
	}
	return 0;
}
