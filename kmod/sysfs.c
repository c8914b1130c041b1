// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/class/misc/NAME: one value a file.
 */
#include <linux/device.h>
#include <linux/sysfs.h>

#include "channel.h"
#include "sysfs.h"

static struct memlog_channel *channel_of(struct device *dev)
{
	return container_of(dev_get_drvdata(dev), struct memlog_channel, misc);
}

/* A value out of the current generation. */
#define MEM_ATTR(_name, _value)						\
static ssize_t _name##_show(struct device *dev,				\
			    struct device_attribute *attr, char *page)	\
{									\
	struct memlog_mem *mem =					\
		memlog_mem_get_current(&channel_of(dev)->ring);		\
	u64 value = _value;						\
									\
	memlog_mem_put(mem);						\
	return sysfs_emit(page, "%llu\n", value);			\
}									\
static DEVICE_ATTR_RO(_name)

/* A value of the channel. */
#define CHANNEL_ATTR(_name, _format, _value)				\
static ssize_t _name##_show(struct device *dev,				\
			    struct device_attribute *attr, char *page)	\
{									\
	struct memlog_channel *ch = channel_of(dev);			\
									\
	return sysfs_emit(page, _format "\n", _value);			\
}									\
static DEVICE_ATTR_RO(_name)

static u64 end_pos(const struct memlog_buf *buf)
{
	struct memlog_place end;

	memlog_buf_end(buf, &end);
	return end.pos;
}

MEM_ATTR(size, mem->buf.text_size);
MEM_ATTR(records, mem->buf.desc_mask + 1);
MEM_ATTR(max_record, mem->buf.max_record);
MEM_ATTR(generation, mem->buf.ctrl->generation);
MEM_ATTR(oldest_seq, port_load64(&mem->buf.ctrl->oldest));
MEM_ATTR(next_seq, memlog_buf_next(&mem->buf));
MEM_ATTR(next_pos, end_pos(&mem->buf));
MEM_ATTR(evicted, port_load64(&mem->buf.ctrl->oldest));
CHANNEL_ATTR(clear_seq, "%lld", atomic64_read(&ch->clear_seq));
CHANNEL_ATTR(denied, "%lld", atomic64_read(&ch->denied));
CHANNEL_ATTR(faults, "%lld", atomic64_read(&ch->faults));
CHANNEL_ATTR(quota, "%u", ch->quota.rate);
CHANNEL_ATTR(readers, "%d", atomic_read(&ch->readers));
CHANNEL_ATTR(stream, "%016llx", ch->stream);

static struct attribute *memlog_attrs[] = {
	&dev_attr_size.attr,
	&dev_attr_records.attr,
	&dev_attr_max_record.attr,
	&dev_attr_generation.attr,
	&dev_attr_oldest_seq.attr,
	&dev_attr_next_seq.attr,
	&dev_attr_next_pos.attr,
	&dev_attr_evicted.attr,
	&dev_attr_clear_seq.attr,
	&dev_attr_denied.attr,
	&dev_attr_faults.attr,
	&dev_attr_quota.attr,
	&dev_attr_readers.attr,
	&dev_attr_stream.attr,
	NULL
};

static const struct attribute_group memlog_group = {
	.attrs = memlog_attrs,
};

const struct attribute_group *memlog_groups[] = {
	&memlog_group,
	NULL
};
