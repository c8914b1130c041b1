// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <string.h>

#include "config.h"
#include "log.h"

/**
 * struct reading - A file that is being read.
 * @file: It.
 * @options: Gets what it says.
 * @place: Where we are.
 * @status: -1: all is well; else an exit status, and what is wrong was said.
 */
struct reading {
	FILE *file;
	struct options *options;
	struct option_place place;
	int status;
};

/*
 * The library would take an indented line as one more value of the option above,
 * and cut a line that is too long for it in two.
 */
static char *read_line(char *line, int size, void *arg)
{
	struct reading *reading = arg;
	size_t len;
	char *text;

	if (reading->status >= 0 || !fgets(line, size, reading->file))
		return NULL;
	reading->place.line++;
	len = strlen(line);
	if (!feof(reading->file) && (!len || line[len - 1] != '\n')) {
		log_error("%s:%u: a line is text of at most %d bytes", reading->place.file,
			  reading->place.line, size - 2);
		reading->status = EXIT_USAGE;
		return NULL;
	}
	text = line + strspn(line, " \t");
	memmove(line, text, strlen(text) + 1);
	return line;
}

static int on_option(void *arg, const char *section, const char *name, const char *value)
{
	struct reading *reading = arg;

	if (reading->status >= 0)
		return 0;
	if (section[0]) {
		log_error("%s:%u: there are no sections; take [%s] out", reading->place.file,
			  reading->place.line, section);
		reading->status = EXIT_USAGE;
		return 0;
	}
	reading->status = options_set(reading->options, name, value ? value : "",
				      &reading->place);
	return reading->status < 0;
}

int config_read(const char *path, struct options *options)
{
	struct reading reading = {
		.options = options, .place = { .file = path }, .status = -1,
	};
	int line;

	reading.file = fopen(path, "re");
	if (!reading.file) {
		log_error("can't read %s: %s", path, strerror(errno));
		return EXIT_SYSTEM;
	}
	line = ini_parse_stream(read_line, &reading, on_option, &reading);
	if (reading.status < 0 && ferror(reading.file)) {
		log_error("can't read %s: %s", path, strerror(errno));
		reading.status = EXIT_SYSTEM;
	} else if (reading.status < 0 && line) {
		log_error("%s:%d: expected \"NAME = VALUE\", or # and a comment", path, line);
		reading.status = EXIT_USAGE;
	}
	fclose(reading.file);
	return reading.status;
}
