// SPDX-License-Identifier: GPL-2.0-only
/* A reader of the mapping: see map.h. */
#include <poll.h>
#include <sys/mman.h>

#include "map.h"

static int map_ring(struct map_reader *m)
{
	int tries;

	for (tries = 0; tries < 100; tries++) {
		struct memlog_info info;
		int ret = dev_info(m->fd, &info);
		void *p;

		if (ret)
			return ret;
		if (!info.map_size)
			return -ENODEV;
		p = mmap(NULL, info.map_size, PROT_READ, MAP_SHARED, m->fd, 0);
		if (p == MAP_FAILED && errno != EINVAL)
			return -errno;
		/* A RESIZE between the two: once more. */
		if (p == MAP_FAILED)
			continue;
		m->ctl = p;
		m->size = info.map_size;
		if (m->ctl->map_size == info.map_size)
			return 0;
		munmap(p, info.map_size);
	}
	return -EAGAIN;
}

/* Map the file's ring; the cursor is the file's own. */
int map_open(struct map_reader *m, int fd)
{
	struct memlog_info info;
	int ret;

	*m = (struct map_reader){ .fd = fd };
	ret = dev_info(fd, &info);
	if (ret)
		return ret;
	m->seq = info.reader_seq;
	m->pos = info.reader_pos;
	return map_ring(m);
}

void map_close(struct map_reader *m)
{
	if (m->ctl)
		munmap((void *)m->ctl, m->size);
	m->ctl = NULL;
}

/* The text may be overwritten while it is copied; the caller finds out. */
static int copy_record(const struct map_reader *m, struct memlog_record *rec,
		       char *text, size_t size)
{
	const struct memlog_control *ctl = m->ctl;

	memcpy(rec, map_desc(m, m->seq), sizeof(*rec));
	if (rec->len > ctl->text_size || rec->len > size)
		return -EMSGSIZE;
	memcpy(text, map_text(m, rec->pos), rec->len);
	return 0;
}

/* The next record: 1, 0 when there is none yet, -EPROTO if it is a wrong one. */
int map_next(struct map_reader *m, struct memlog_record *rec, char *text,
	     size_t size)
{
	for (;;) {
		const struct memlog_control *ctl;
		__u64 next, oldest;
		__u32 retired;
		int ret;

		/* The mapping before may be gone, and this one not made yet. */
		ret = m->ctl ? 0 : map_ring(m);
		if (ret)
			return ret;
		ctl = m->ctl;
		retired = __atomic_load_n(&ctl->retired, __ATOMIC_ACQUIRE);
		next = __atomic_load_n(&ctl->next, __ATOMIC_ACQUIRE);
		if (m->seq >= next) {
			if (!retired)
				return 0;
			map_close(m);
			m->remaps++;
			continue;
		}
		oldest = __atomic_load_n(&ctl->oldest, __ATOMIC_RELAXED);
		if (oldest > m->seq) {
			m->lost_records += oldest - m->seq;
			m->seq = oldest;
			continue;
		}
		ret = copy_record(m, rec, text, size);
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (__atomic_load_n(&ctl->oldest, __ATOMIC_RELAXED) > m->seq)
			continue;
		if (ret || rec->seq != m->seq || rec->pos < m->pos)
			return -EPROTO;
		m->lost_bytes += rec->pos - m->pos;
		m->pos = rec->pos + rec->len;
		m->seq++;
		return 1;
	}
}

/* Sleep until there is something: >0, 0 after @ms (-1: for ever), or -errno. */
int map_wait(struct map_reader *m, int ms)
{
	struct pollfd p = { .fd = m->fd, .events = POLLIN };
	int ret = dev_seek(m->fd, MEMLOG_SEEK_SEQ, m->seq, NULL);

	if (ret)
		return ret;
	if (__atomic_load_n(&m->ctl->retired, __ATOMIC_ACQUIRE) ||
	    __atomic_load_n(&m->ctl->next, __ATOMIC_ACQUIRE) > m->seq)
		return 1;
	ret = poll(&p, 1, ms);
	return ret < 0 ? -errno : ret;
}
