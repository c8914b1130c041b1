// SPDX-License-Identifier: GPL-2.0-only
/*
 * memlog: circular in-memory logs as devices.
 */
#define pr_fmt(fmt) "memlog: " fmt

#include <linux/module.h>
#include <linux/namei.h>
#include <linux/slab.h>

#include "dev.h"
#include "param.h"
#include "sysfs.h"

static struct memlog_channel *channels;
static unsigned int channel_count;

/*
 * A file of that name would stay in the way of the device, unnoticed: the
 * first `echo` without the module makes one.
 */
static int check_name_free(const char *name)
{
	char file[sizeof("/dev/") + MEMLOG_DEVICE_NAME_MAX];
	struct path path;

	snprintf(file, sizeof(file), "/dev/%s", name);
	if (kern_path(file, 0, &path))
		return 0;
	path_put(&path);
	pr_info("%s is there already: remove it, or load with name=\n", file);
	return -EEXIST;
}

static int add_channel(struct memlog_channel *ch, const char *name,
		       const struct memlog_geometry *geo,
		       const struct memlog_config *config)
{
	int err;

	err = check_name_free(name);
	if (err)
		return err;
	err = memlog_channel_init(ch, name, geo, config->quota);
	if (err)
		return err;
	ch->misc.minor = MISC_DYNAMIC_MINOR;
	ch->misc.name = ch->name;
	ch->misc.fops = &memlog_fops;
	ch->misc.groups = memlog_groups;
	ch->misc.mode = config->mode;
	err = misc_register(&ch->misc);
	if (err)
		memlog_channel_uninit(ch);
	return err;
}

static void remove_channels(void)
{
	while (channel_count--) {
		misc_deregister(&channels[channel_count].misc);
		memlog_channel_uninit(&channels[channel_count]);
	}
	kvfree(channels);
}

static int add_channels(const struct memlog_config *config)
{
	int err;

	channels = kvcalloc(config->count, sizeof(*channels), GFP_KERNEL);
	if (!channels)
		return -ENOMEM;
	for (; channel_count < config->count; channel_count++) {
		err = add_channel(&channels[channel_count],
				  config->channels[channel_count].name,
				  &config->channels[channel_count].geo, config);
		if (err) {
			remove_channels();
			return err;
		}
	}
	return 0;
}

static int __init memlog_init(void)
{
	struct memlog_config *config;
	int err;

	config = kzalloc(sizeof(*config), GFP_KERNEL);
	if (!config)
		return -ENOMEM;
	err = memlog_param_parse(config);
	if (!err)
		err = add_channels(config);
	kfree(config);
	return err;
}

static void __exit memlog_exit(void)
{
	remove_channels();
}

module_init(memlog_init);
module_exit(memlog_exit);

MODULE_DESCRIPTION("Circular in-memory logs as devices");
MODULE_AUTHOR("The memlog authors");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1.0");
