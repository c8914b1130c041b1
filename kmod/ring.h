/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later */
/*
 * The overwriting ring: text, and a descriptor for every record in it. How it
 * works, and which barrier pairs with which, stands at the top of ring.c.
 */
#ifndef MEMLOG_RING_H
#define MEMLOG_RING_H

#include <linux/memlog.h>

#include "ring_port.h"

#define MEMLOG_TEXT_SIZE_DEFAULT	16384ULL
#define MEMLOG_TEXT_SIZE_MIN		4096ULL
#define MEMLOG_TEXT_SIZE_MAX		(1ULL << 30)
#define MEMLOG_RECORDS_MIN		16ULL
#define MEMLOG_MAX_RECORD_DEFAULT	16384U
#define MEMLOG_MAX_RECORD_LIMIT		65536U

/* Test builds start just below 2^32, so that pos passes it at once. */
#ifndef MEMLOG_FIRST_POS
#define MEMLOG_FIRST_POS		0ULL
#endif

/**
 * struct memlog_geometry - The sizes of a ring.
 * @text_size: Most bytes of text kept.
 * @records: Most records kept.
 * @max_record: Longest text of one record, in bytes.
 */
struct memlog_geometry {
	u64 text_size;
	u64 records;
	u32 max_record;
};

/**
 * struct memlog_layout - Where the parts of a ring stand in its memory.
 * @desc_off: Offset of the descriptors.
 * @text_off: Offset of the text.
 * @text_map: Bytes of text, mapped twice in a row at @text_off.
 * @map_size: Size of all, the text counted twice.
 */
struct memlog_layout {
	u64 desc_off;
	u64 text_off;
	u64 text_map;
	u64 map_size;
};

/**
 * struct memlog_buf - One generation of a ring's memory, as this process sees it.
 * @ctrl: Control page, shared with readers.
 * @desc: Descriptors.
 * @text: Text, mapped twice in a row.
 * @desc_mask: Number of descriptors less one.
 * @text_mask: Bytes of text mapped once, less one.
 * @text_size: Most bytes of text kept.
 * @max_record: Longest text of one record, in bytes.
 *
 * Nothing but what @ctrl, @desc and @text point to changes after
 * memlog_buf_init().
 */
struct memlog_buf {
	struct memlog_control *ctrl;
	struct memlog_record *desc;
	char *text;
	u64 desc_mask;
	u64 text_mask;
	u64 text_size;
	u32 max_record;
};

/**
 * struct memlog_place - A record's number and the position of its text.
 * @seq: Sequence number.
 * @pos: Bytes of text ever written before it.
 */
struct memlog_place {
	__aligned_u64 seq;
	__aligned_u64 pos;
};

/**
 * struct memlog_span - The records a buffer holds, as their writer knows it.
 * @oldest: The oldest record kept; that of @next if there is none.
 * @next: The record to be written next.
 * @last_time: Time of the newest record.
 */
struct memlog_span {
	struct memlog_place oldest;
	struct memlog_place next;
	u64 last_time;
};

/**
 * struct memlog_ring - The writers' side of a ring.
 * @lock: Taken by writers, and by the last step of a resize; never by readers.
 * @buf: The current generation. Writers read it under @lock.
 * @kept: What the current generation holds; under @lock.
 */
struct memlog_ring {
	port_lock_t lock;
	struct memlog_buf __rcu *buf;
	struct memlog_span kept;
};

/**
 * struct memlog_origin - Who wrote a record and what it is.
 * @cgroup: cgroup v2 id, 0 for none.
 * @comm: %MEMLOG_COMM_LEN bytes with a NUL among them, aligned to 8.
 * @pid: Process id, or %MEMLOG_ID_NONE.
 * @uid: User id, or %MEMLOG_ID_NONE.
 * @type: Application's data type.
 * @pri: syslog priority.
 * @flags: %MEMLOG_PARTIAL, %MEMLOG_JOIN.
 */
struct memlog_origin {
	u64 cgroup;
	const char *comm;
	u32 pid;
	u32 uid;
	u16 type;
	u8 pri;
	u8 flags;
};

const char *memlog_geometry_check(struct memlog_geometry *geo);
void memlog_geometry_layout(const struct memlog_geometry *geo, u64 page_size,
			    struct memlog_layout *lay);

void memlog_buf_init(struct memlog_buf *buf, void *base,
		     const struct memlog_geometry *geo,
		     const struct memlog_layout *lay);
void memlog_buf_start(struct memlog_buf *buf, const struct memlog_layout *lay,
		      u64 stream, u32 generation);
void memlog_ring_init(struct memlog_ring *ring, struct memlog_buf *buf);

bool memlog_buf_record(const struct memlog_buf *buf, u64 seq,
		       struct memlog_record *rec);
void memlog_buf_oldest(const struct memlog_buf *buf, struct memlog_place *place);
void memlog_buf_end(const struct memlog_buf *buf, struct memlog_place *place);
bool memlog_buf_place(const struct memlog_buf *buf, u64 seq,
		      struct memlog_place *place);
void memlog_buf_since(const struct memlog_buf *buf, u64 time_ns,
		      struct memlog_place *place);

void memlog_buf_append(struct memlog_buf *buf, struct memlog_span *span,
		       const struct memlog_record *rec, const char *text);
void memlog_buf_publish(struct memlog_buf *buf, const struct memlog_span *span);
u64 memlog_buf_fitting(const struct memlog_buf *buf, u64 text_size, u64 records);

/* The buffer as its writers see it: caller holds ring->lock. */
static inline struct memlog_buf *memlog_ring_buf(struct memlog_ring *ring)
{
	return port_deref_held(ring->buf, &ring->lock);
}

/* Whether record @seq still stood there when what was read before was read. */
static inline bool memlog_buf_kept(const struct memlog_buf *buf, u64 seq)
{
	port_rmb();					/* (A) */
	return port_load64(&buf->ctrl->oldest) <= seq;
}

static inline u64 memlog_buf_next(const struct memlog_buf *buf)
{
	return port_load64_acquire(&buf->ctrl->next);	/* (B) */
}

static inline struct memlog_record *memlog_buf_desc(const struct memlog_buf *buf,
						    u64 seq)
{
	return &buf->desc[seq & buf->desc_mask];
}

static inline char *memlog_buf_text(const struct memlog_buf *buf, u64 pos)
{
	return buf->text + (pos & buf->text_mask);
}

/* Lets the oldest records go until @len bytes and a descriptor are free. */
static __always_inline void memlog_span_make_room(struct memlog_span *span,
						  const struct memlog_buf *buf, u32 len)
{
	u64 seq = span->oldest.seq;
	u64 pos = span->oldest.pos;

	while (span->next.pos + len - pos > buf->text_size ||
	       span->next.seq - seq > buf->desc_mask) {
		pos += memlog_buf_desc(buf, seq)->len;
		seq++;
	}
	span->oldest.seq = seq;
	span->oldest.pos = pos;
}

/**
 * memlog_ring_begin() - Make room for a record.
 * @ring: The ring.
 * @len: Bytes of text, 1 to the buffer's text_size.
 *
 * The oldest records give way until @len bytes and a descriptor are free. No
 * reader takes what stands there for a record until memlog_ring_end(); not to
 * call that is to write nothing, and what gave way stays lost.
 *
 * Context: Caller holds ring->lock, until after memlog_ring_end().
 * Return: Where the text goes, @len bytes in a row.
 */
static __always_inline char *memlog_ring_begin(struct memlog_ring *ring, u32 len)
{
	const struct memlog_buf *buf = memlog_ring_buf(ring);

	memlog_span_make_room(&ring->kept, buf, len);
	port_store64(&buf->ctrl->oldest, ring->kept.oldest.seq);
	port_wmb();					/* (A) */
	return memlog_buf_text(buf, ring->kept.next.pos);
}

/**
 * memlog_ring_end() - Make the text at memlog_ring_begin() a record.
 * @ring: The ring.
 * @len: Bytes of text, 1 to what memlog_ring_begin() was asked for.
 * @who: The rest of what the descriptor says.
 *
 * Context: Caller holds ring->lock.
 * Return: The record's sequence number.
 */
static __always_inline u64 memlog_ring_end(struct memlog_ring *ring, u32 len,
					   const struct memlog_origin *who)
{
	const struct memlog_buf *buf = memlog_ring_buf(ring);
	struct memlog_control *ctrl = buf->ctrl;
	struct memlog_span *span = &ring->kept;
	u64 seq = span->next.seq;
	struct memlog_record *rec = memlog_buf_desc(buf, seq);
	u64 now = port_time_ns();

	port_store(&rec->seq, seq);
	port_store(&rec->pos, span->next.pos);
	port_store(&rec->time_ns, now);
	port_store(&rec->cgroup, who->cgroup);
	port_store(&rec->len, len);
	port_store(&rec->pid, who->pid);
	port_store(&rec->uid, who->uid);
	port_store(&rec->type, who->type);
	port_store(&rec->pri, who->pri);
	port_store(&rec->flags, who->flags);
	port_copy_racy(rec->comm, who->comm, MEMLOG_COMM_LEN);

	if (unlikely(now < span->last_time))
		port_store64(&ctrl->stepped, seq);
	span->last_time = now;
	span->next.seq = seq + 1;
	span->next.pos += len;
	port_store64(&ctrl->next_pos, span->next.pos);
	port_store64_release(&ctrl->next, seq + 1);	/* (B) */
	return seq;
}

#endif /* MEMLOG_RING_H */
