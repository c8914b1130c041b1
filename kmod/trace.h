/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tracepoints: /sys/kernel/tracing/events/memlog
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM memlog

#if !defined(MEMLOG_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define MEMLOG_TRACE_H

#include <linux/tracepoint.h>

#include "channel.h"

TRACE_EVENT(memlog_write,
	TP_PROTO(const char *name, u64 seq, u32 len,
		 const struct memlog_origin *who),
	TP_ARGS(name, seq, len, who),
	TP_STRUCT__entry(
		__array(char, name, MEMLOG_DEVICE_NAME_MAX)
		__field(u64, seq)
		__field(u64, cgroup)
		__field(u32, len)
		__field(u32, uid)
		__field(u16, type)
		__field(u8, pri)
		__field(u8, flags)
	),
	TP_fast_assign(
		strscpy(__entry->name, name, MEMLOG_DEVICE_NAME_MAX);
		__entry->seq = seq;
		__entry->cgroup = who->cgroup;
		__entry->len = len;
		__entry->uid = who->uid;
		__entry->type = who->type;
		__entry->pri = who->pri;
		__entry->flags = who->flags;
	),
	TP_printk("%s seq=%llu len=%u uid=%u cgroup=%llu type=%u pri=%u flags=%u",
		  __entry->name, __entry->seq, __entry->len, __entry->uid,
		  __entry->cgroup, __entry->type, __entry->pri, __entry->flags)
);

DECLARE_EVENT_CLASS(memlog_refused,
	TP_PROTO(const char *name, u32 len),
	TP_ARGS(name, len),
	TP_STRUCT__entry(
		__array(char, name, MEMLOG_DEVICE_NAME_MAX)
		__field(u32, len)
	),
	TP_fast_assign(
		strscpy(__entry->name, name, MEMLOG_DEVICE_NAME_MAX);
		__entry->len = len;
	),
	TP_printk("%s len=%u", __entry->name, __entry->len)
);

/* The quota refused a write. */
DEFINE_EVENT(memlog_refused, memlog_denied,
	TP_PROTO(const char *name, u32 len), TP_ARGS(name, len));

/* A write found its memory not present. */
DEFINE_EVENT(memlog_refused, memlog_fault,
	TP_PROTO(const char *name, u32 len), TP_ARGS(name, len));

/* A reader was lapped. */
TRACE_EVENT(memlog_lost,
	TP_PROTO(const char *name, u64 records, u64 bytes),
	TP_ARGS(name, records, bytes),
	TP_STRUCT__entry(
		__array(char, name, MEMLOG_DEVICE_NAME_MAX)
		__field(u64, records)
		__field(u64, bytes)
	),
	TP_fast_assign(
		strscpy(__entry->name, name, MEMLOG_DEVICE_NAME_MAX);
		__entry->records = records;
		__entry->bytes = bytes;
	),
	TP_printk("%s records=%llu bytes=%llu",
		  __entry->name, __entry->records, __entry->bytes)
);

TRACE_EVENT(memlog_resize,
	TP_PROTO(const char *name, u64 text_size, u64 records, u32 generation),
	TP_ARGS(name, text_size, records, generation),
	TP_STRUCT__entry(
		__array(char, name, MEMLOG_DEVICE_NAME_MAX)
		__field(u64, text_size)
		__field(u64, records)
		__field(u32, generation)
	),
	TP_fast_assign(
		strscpy(__entry->name, name, MEMLOG_DEVICE_NAME_MAX);
		__entry->text_size = text_size;
		__entry->records = records;
		__entry->generation = generation;
	),
	TP_printk("%s size=%llu records=%llu generation=%u", __entry->name,
		  __entry->text_size, __entry->records, __entry->generation)
);

#endif /* MEMLOG_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
