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

static bool path_exists(const char *dir, const char *name)
{
	char text[sizeof("/sys/class/misc/") + MEMLOG_DEVICE_NAME_MAX];
	struct path path;

	snprintf(text, sizeof(text), "%s/%s", dir, name);
	if (kern_path(text, 0, &path))
		return false;
	path_put(&path);
	pr_info("%s is there already: remove it, or load with name=\n", text);
	return true;
}

/*
 * A file of the device's name would stay in its way, unnoticed: the first `echo`
 * without the module makes one. The driver core warns of a second device.
 */
static int check_name_free(const char *name)
{
	return path_exists("/dev", name) ||
	       path_exists("/sys/class/misc", name) ? -EEXIST : 0;
}

/* All that can fail, but for the registration itself. */
static int init_channels(const struct memlog_config *config)
{
	struct memlog_channel *ch = channels;
	unsigned int i;
	int err;

	for (i = 0; i < config->count; i++, ch++) {
		err = check_name_free(config->channels[i].name);
		if (err)
			return err;
		err = memlog_channel_init(ch, config->channels[i].name,
					  &config->channels[i].geo, config->quota);
		if (err)
			return err;
		channel_count++;
		ch->misc.minor = MISC_DYNAMIC_MINOR;
		ch->misc.name = ch->name;
		ch->misc.fops = &memlog_fops;
		ch->misc.groups = memlog_groups;
		ch->misc.mode = config->mode;
	}
	return 0;
}

static void deregister_channels(unsigned int count)
{
	while (count--)
		misc_deregister(&channels[count].misc);
}

/* Nobody can open one before all are there, so that this can be undone. */
static int register_channels(void)
{
	unsigned int i;
	int err;

	for (i = 0; i < channel_count; i++) {
		err = misc_register(&channels[i].misc);
		if (err) {
			deregister_channels(i);
			return err;
		}
	}
	for (i = 0; i < channel_count; i++)
		smp_store_release(&channels[i].live, true);	/* (E) */
	return 0;
}

static void uninit_channels(void)
{
	while (channel_count)
		memlog_channel_uninit(&channels[--channel_count]);
	kvfree(channels);
}

static int add_channels(const struct memlog_config *config)
{
	int err;

	channels = kvcalloc(config->count, sizeof(*channels), GFP_KERNEL);
	if (!channels)
		return -ENOMEM;
	err = init_channels(config);
	if (!err)
		err = register_channels();
	if (err)
		uninit_channels();
	return err;
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
	deregister_channels(channel_count);
	uninit_channels();
}

module_init(memlog_init);
module_exit(memlog_exit);

MODULE_DESCRIPTION("Circular in-memory logs as devices");
MODULE_AUTHOR("The memlog authors");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1.0");
