// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log.h"
#include "source.h"

static const struct source_type *const source_types[] = {
	&source_ring,
	&source_embedded,
	&source_tail,
	&source_archive,
};

/* A folder is an archive, another file a ring. */
static bool is_kind(const struct source_type *type, const char *value)
{
	struct stat st;
	bool folder = value[0] == '/' && !stat(value, &st) && S_ISDIR(st.st_mode);

	return folder == (type == &source_archive);
}

int source_open(struct source *source, const char *name, const char *value)
{
	for (size_t i = 0; i < sizeof(source_types) / sizeof(source_types[0]); i++) {
		const struct source_type *type = source_types[i];
		size_t len = strlen(type->prefix);
		int err;

		if (strncmp(value, type->prefix, len) || !is_kind(type, value))
			continue;
		*source = (struct source){ .type = type };
		err = type->open(source, name, value[0] == '/' ? value : value + len);
		/* then there is nothing to close */
		if (err)
			source->type = NULL;
		return err;
	}
	log_error("--channel %s=%s: expected NAME=/dev/memlog-NAME, NAME=/path/of/ring, NAME=/path/of/archive or NAME=embedded:SIZE",
		  name, value);
	return -EINVAL;
}

void source_close(struct source *source)
{
	if (source->type)
		source->type->close(source);
	source->type = NULL;
}

int source_reader(struct source *source, struct memlog_reader **readerp,
		  const struct memlog_reader_options *options)
{
	return source->type->reader(source, readerp, options);
}

int source_check(struct source *source)
{
	struct memlog_reader_options options = { .size = sizeof(options) };
	struct memlog_reader *reader;
	int err;

	err = source_reader(source, &reader, &options);
	if (!err)
		memlog_reader_close(reader);
	return err;
}

/* At the end, since an archive's numbers are those of the stream one is in. */
int source_info(struct source *source, struct memlog_info *info)
{
	struct memlog_reader_options options = {
		.size = sizeof(options), .flags = MEMLOG_READ_TAIL,
	};
	struct memlog_reader *reader;
	int err;

	err = source_reader(source, &reader, &options);
	if (err)
		return err;
	*info = (struct memlog_info){ 0 };
	err = memlog_reader_info(reader, info);
	memlog_reader_close(reader);
	return err;
}

bool source_path_is_device(const char *path)
{
	struct memlog_info info = { 0 };
	struct stat st;
	bool answers;
	int fd;

	if (stat(path, &st))
		return false;
	if (!S_ISREG(st.st_mode))
		return S_ISCHR(st.st_mode);
	/* a ring file does not answer; what memlogfs makes does */
	fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return false;
	answers = !ioctl(fd, MEMLOG_IOC_INFO, &info);
	close(fd);
	return answers;
}

bool source_is_device(const struct source *source)
{
	return source->path && source_path_is_device(source->path);
}

bool source_may_map(const char *path)
{
	struct stat st;

	if (stat(path, &st))
		return false;
	if (S_ISCHR(st.st_mode))
		return true;
	return (!st.st_uid || st.st_uid == geteuid()) && !(st.st_mode & 022);
}

gid_t source_group(const struct source *source)
{
	struct stat st;

	if (!source->path || stat(source->path, &st))
		return (gid_t)-1;
	return st.st_gid;
}
