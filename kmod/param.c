// SPDX-License-Identifier: GPL-2.0-only
/*
 * Module parameters: all checked before anything is done with them. What is
 * wrong is one line in the kernel log.
 */
#define pr_fmt(fmt) "memlog: " fmt

#include <linux/ctype.h>
#include <linux/limits.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/slab.h>

#include "param.h"

static char *size = "16K";
module_param(size, charp, 0444);
MODULE_PARM_DESC(size, "Bytes of text /dev/memlog keeps: a power of two, 4K to 1G (default 16K)");

static char *records = "0";
module_param(records, charp, 0444);
MODULE_PARM_DESC(records, "Records it keeps: a power of two, 16 to size (default size/32)");

static char *max_record = "0";
module_param(max_record, charp, 0444);
MODULE_PARM_DESC(max_record, "Longest record in bytes, at most size/4 and 64K (default 16K or size/4)");

static char *mode = "0662";
module_param(mode, charp, 0444);
MODULE_PARM_DESC(mode, "Mode of the devices, octal (default 0662: everybody writes)");

static char *name = "memlog";
module_param(name, charp, 0444);
MODULE_PARM_DESC(name, "Name of the device: [a-z0-9_-]{1,16} (default memlog)");

static char *channels = "";
module_param(channels, charp, 0444);
MODULE_PARM_DESC(channels, "More devices, /dev/memlog-NAME: NAME[:SIZE],... (default none)");

static char *quota = "0";
module_param(quota, charp, 0444);
MODULE_PARM_DESC(quota, "Bytes a second each user may write, text plus 64 a record (default 0: any number)");

/* Digits and at most one of K, M and G. */
static int parse_bytes(const char *text, u64 *value)
{
	char digits[24];
	size_t len = strlen(text);
	unsigned int shift = 0;

	if (len && strchr("kK", text[len - 1]))
		shift = 10;
	else if (len && strchr("mM", text[len - 1]))
		shift = 20;
	else if (len && strchr("gG", text[len - 1]))
		shift = 30;
	if (shift)
		len--;
	if (!len || len >= sizeof(digits) || !isdigit(text[0]))
		return -EINVAL;
	memcpy(digits, text, len);
	digits[len] = '\0';
	if (kstrtou64(digits, 10, value) || *value > U64_MAX >> shift)
		return -EINVAL;
	*value <<= shift;
	return 0;
}

static int parse_param(const char *param, const char *text, u64 most, u64 *value)
{
	if (!parse_bytes(text, value) && *value <= most)
		return 0;
	pr_info("%s=%s: must be a number up to %llu, with K, M or G behind it at most\n",
		param, text, most);
	return -EINVAL;
}

static bool name_is_valid(const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		/* islower() knows letters beyond ASCII */
		if (!(text[i] >= 'a' && text[i] <= 'z') && !isdigit(text[i]) &&
		    text[i] != '_' && text[i] != '-')
			return false;
	return len >= 1 && len <= MEMLOG_NAME_MAX;
}

static int check_geometry(struct memlog_config *config, const char *device,
			  struct memlog_geometry *geo)
{
	struct memlog_geometry asked = *geo;
	const char *wrong = memlog_geometry_check(geo);

	if (wrong) {
		pr_info("/dev/%s: size=%llu records=%llu max_record=%u: %s\n", device,
			asked.text_size, asked.records, asked.max_record, wrong);
		return -EINVAL;
	}
	config->bytes += memlog_channel_bytes(geo);
	if (!memlog_channel_fits_memory(config->bytes)) {
		pr_info("/dev/%s: size=%llu records=%llu: more than a quarter of the memory, all channels together\n",
			device, geo->text_size, geo->records);
		return -ENOMEM;
	}
	return 0;
}

static int parse_main(struct memlog_config *config)
{
	struct memlog_geometry *geo = &config->channels[0].geo;
	u64 value;
	int err;

	if (!name_is_valid(name, strlen(name))) {
		pr_info("name=%s: must be 1 to %u of a-z, 0-9, _ and -\n", name,
			MEMLOG_NAME_MAX);
		return -EINVAL;
	}
	strscpy(config->channels[0].name, name, MEMLOG_DEVICE_NAME_MAX);
	config->count = 1;

	err = parse_param("size", size, MEMLOG_TEXT_SIZE_MAX, &geo->text_size);
	if (err)
		return err;
	if (!geo->text_size) {
		pr_info("size=%s: must be a power of two from 4K to 1G\n", size);
		return -EINVAL;
	}
	err = parse_param("records", records, MEMLOG_TEXT_SIZE_MAX, &geo->records);
	if (err)
		return err;
	err = parse_param("max_record", max_record, MEMLOG_MAX_RECORD_LIMIT, &value);
	if (err)
		return err;
	geo->max_record = value;
	return check_geometry(config, name, geo);
}

/* One NAME[:SIZE]; @entry is cut up. */
static int parse_channel(struct memlog_config *config, char *entry)
{
	char *text = entry;
	const char *channel = strsep(&text, ":");
	char *device = config->channels[config->count].name;
	struct memlog_geometry *geo = &config->channels[config->count].geo;
	unsigned int i;

	if (!name_is_valid(channel, strlen(channel))) {
		pr_info("channels: %s: a name must be 1 to %u of a-z, 0-9, _ and -\n",
			channel, MEMLOG_NAME_MAX);
		return -EINVAL;
	}
	snprintf(device, MEMLOG_DEVICE_NAME_MAX, "%s-%s", name, channel);
	for (i = 0; i < config->count; i++) {
		if (!strcmp(config->channels[i].name, device)) {
			pr_info("channels: %s: named twice\n", channel);
			return -EINVAL;
		}
	}
	if (text && (parse_bytes(text, &geo->text_size) || !geo->text_size)) {
		pr_info("channels: %s:%s: size must be a power of two from 4K to 1G\n",
			channel, text);
		return -EINVAL;
	}
	config->count++;
	return check_geometry(config, device, geo);
}

static int parse_channels(struct memlog_config *config)
{
	char *copy, *rest, *entry;
	int err = 0;

	if (!*channels)
		return 0;
	copy = kstrdup(channels, GFP_KERNEL);
	if (!copy)
		return -ENOMEM;
	rest = copy;
	while (!err && (entry = strsep(&rest, ","))) {
		if (config->count > MEMLOG_CHANNELS_MAX) {
			pr_info("channels: at most %u\n", MEMLOG_CHANNELS_MAX);
			err = -EINVAL;
		} else {
			err = parse_channel(config, entry);
		}
	}
	kfree(copy);
	return err;
}

/**
 * memlog_param_parse() - Check all parameters.
 * @config: Is filled in; all zeros before.
 *
 * Return: 0; -EINVAL or -ENOMEM, and a line in the kernel log that says why.
 */
int memlog_param_parse(struct memlog_config *config)
{
	unsigned int bits;
	u64 bytes;
	int err;

	if (!isdigit(mode[0]) || kstrtouint(mode, 8, &bits) ||
	    !bits || bits > 0777) {
		pr_info("mode=%s: must be octal, 1 to 0777\n", mode);
		return -EINVAL;
	}
	config->mode = bits;
	err = parse_param("quota", quota, U32_MAX, &bytes);
	if (err)
		return err;
	if (bytes && bytes < MEMLOG_QUOTA_MIN) {
		pr_info("quota=%s: must be 0 or at least %u, a record costs its text and %u\n",
			quota, MEMLOG_QUOTA_MIN, MEMLOG_QUOTA_RECORD);
		return -EINVAL;
	}
	config->quota = bytes;
	err = parse_main(config);
	if (err)
		return err;
	return parse_channels(config);
}
