// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Writing a ring of one's own, and waking those who read it.
 *
 * A reader says that it sleeps by setting a word, and looks once more; a writer
 * publishes its record and then looks at the word. A full barrier on both sides
 * (D) makes sure that at least one of them sees what the other did. There are
 * two words: one in the file's state page for readers of other processes, and
 * one in this process for its own.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "embedded.h"
#include "private.h"

static void wake_own(struct memlog_embedded *ring)
{
	__atomic_store_n(&ring->armed, 0, __ATOMIC_SEQ_CST);
	for (struct memlog_waiter *w = ring->waiters; w; w = w->next)
		if (__atomic_exchange_n(&w->armed, 0, __ATOMIC_SEQ_CST))
			eventfd_write(w->fd, 1);
}

static void wake_others(struct memlog_embedded *ring)
{
	if (__atomic_exchange_n(&ring->map.state->armed, 0, __ATOMIC_SEQ_CST))
		futimens(ring->fd, NULL);
}

/**
 * memlog_embedded_wake() - Wake the readers that sleep.
 * @ring: The ring; caller holds ring->ring.lock.
 */
void memlog_embedded_wake(struct memlog_embedded *ring)
{
	port_assert_held(&ring->ring.lock);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);			/* (D) */
	if (unlikely(port_load(&ring->armed)))
		wake_own(ring);
	if (unlikely(port_load(&ring->map.state->armed)))
		wake_others(ring);
}

void memlog_embedded_arm(struct memlog_embedded *ring, struct memlog_waiter *waiter)
{
	__atomic_store_n(&waiter->armed, 1, __ATOMIC_SEQ_CST);
	__atomic_store_n(&ring->armed, 1, __ATOMIC_SEQ_CST);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);			/* (D) */
}

void memlog_embedded_add_waiter(struct memlog_embedded *ring,
				struct memlog_waiter *waiter)
{
	port_lock(&ring->ring.lock);
	waiter->next = ring->waiters;
	ring->waiters = waiter;
	port_unlock(&ring->ring.lock);
}

void memlog_embedded_del_waiter(struct memlog_embedded *ring,
				struct memlog_waiter *waiter)
{
	struct memlog_waiter **link;

	port_lock(&ring->ring.lock);
	for (link = &ring->waiters; *link; link = &(*link)->next) {
		if (*link == waiter) {
			*link = waiter->next;
			break;
		}
	}
	port_unlock(&ring->ring.lock);
}

/* How much of @text becomes one record. Sets *@partial if it is cut in a line. */
static u32 piece_length(const char *text, size_t len, u32 max, bool *partial)
{
	const char *newline;

	*partial = false;
	if (len <= max)
		return (u32)len;
	newline = memrchr(text, '\n', max);
	if (newline)
		return (u32)(newline - text + 1);
	*partial = true;
	return max;
}

static u64 put_record(struct memlog_ring *ring, const struct memlog_origin *who,
		      const char *text, u32 len)
{
	port_copy_racy(memlog_ring_begin(ring, len), text, len);
	return memlog_ring_end(ring, len, who);
}

/*
 * One record, or one piece of a longer one: the bytes taken. @last is the number
 * of the piece before, whose flags @who still has.
 */
static ssize_t write_piece(struct memlog_embedded *ring, struct memlog_origin *who,
			   const char *text, size_t len, u64 *last)
{
	u32 max = ring->map.geo.max_record;
	bool partial, joins;
	u32 n;

	if (ring->finished)
		return -ESHUTDOWN;
	if (who->type != MEMLOG_TYPE_TEXT && len > max)
		return -EMSGSIZE;
	n = piece_length(text, len, max, &partial);
	joins = who->flags & MEMLOG_PARTIAL && ring->ring.kept.next.seq == *last + 1;
	who->flags = (partial ? MEMLOG_PARTIAL : 0) | (joins ? MEMLOG_JOIN : 0);
	*last = put_record(&ring->ring, who, text, n);
	memlog_embedded_wake(ring);
	return n;
}

static int set_origin(struct memlog_origin *who, char *comm,
		      const struct memlog_embedded *ring,
		      const struct memlog_attr *given)
{
	struct memlog_attr attr = MEMLOG_ATTR_INIT;
	int err;

	if (given) {
		err = memlog_copy_options(&attr, sizeof(attr), sizeof(attr), given,
					  given->size);
		if (err)
			return err;
	}
	if (attr.type == MEMLOG_TYPE_INVALID || attr.pri > MEMLOG_PRI_MAX)
		return -EINVAL;
	who->cgroup = attr.cgroup;
	who->pid = attr.pid;
	who->uid = attr.uid;
	who->type = attr.type;
	who->pri = attr.pri;
	who->comm = ring->comm;
	if (attr.comm) {
		memset(comm, 0, MEMLOG_COMM_LEN);
		memcpy(comm, attr.comm, strnlen(attr.comm, MEMLOG_COMM_LEN - 1));
		who->comm = comm;
	}
	return 0;
}

ssize_t memlog_embedded_write(struct memlog_embedded *ring,
			      const struct memlog_attr *attr, const void *text,
			      size_t len, struct memlog_written *written)
{
	char comm[MEMLOG_COMM_LEN] __attribute__((aligned(8)));
	u64 first = MEMLOG_SEQ_NONE, last = MEMLOG_SEQ_NONE;
	struct memlog_origin who = { 0 };
	size_t done = 0;
	ssize_t n = 0;
	int err;

	err = set_origin(&who, comm, ring, attr);
	if (err)
		return err;
	while (done < len) {
		port_lock(&ring->ring.lock);
		n = write_piece(ring, &who, (const char *)text + done, len - done, &last);
		port_unlock(&ring->ring.lock);
		if (n < 0)
			break;
		if (!done)
			first = last;
		done += (size_t)n;
	}
	if (written) {
		written->first_seq = first;
		written->last_seq = last;
	}
	return done ? (ssize_t)done : n;
}

int memlog_embedded_finish(struct memlog_embedded *ring)
{
	port_lock(&ring->ring.lock);
	ring->finished = true;
	__atomic_store_n(&ring->map.state->finished, 1, __ATOMIC_RELEASE);
	memlog_embedded_wake(ring);
	port_unlock(&ring->ring.lock);
	return 0;
}

int memlog_embedded_info(struct memlog_embedded *ring, struct memlog_info *info)
{
	const struct memlog_span *kept = &ring->ring.kept;

	port_lock(&ring->ring.lock);
	memlog_map_describe(&ring->map, &kept->oldest, &kept->next, info);
	info->generation = ring->map.buf.ctrl->generation;
	info->written_seq = kept->next.seq - 1;
	port_unlock(&ring->ring.lock);
	return 0;
}

int memlog_embedded_fd(struct memlog_embedded *ring)
{
	int fd;

	port_lock(&ring->ring.lock);
	fd = memlog_reopen(ring->fd, O_RDWR);
	port_unlock(&ring->ring.lock);
	return fd;
}

static int init_options(struct memlog_embedded *ring,
			const struct memlog_embedded_options *opt,
			struct memlog_geometry *geo)
{
	const char *name = opt->name;

	if (opt->flags & ~(MEMLOG_EMBEDDED_NEW | MEMLOG_EMBEDDED_EXISTING) ||
	    opt->reserved || opt->mode & ~0777U)
		return -EINVAL;
	if (!opt->text_size && (opt->records || opt->max_record))
		return -EINVAL;
	geo->text_size = opt->text_size;
	geo->records = opt->records;
	geo->max_record = opt->max_record;
	if (opt->text_size && memlog_geometry_check(geo))
		return -EINVAL;
	ring->mode = opt->mode ? opt->mode : 0640;
	if (!name)
		name = ring->path ? basename(ring->path) : "memlog";
	memcpy(ring->comm, name, strnlen(name, MEMLOG_COMM_LEN - 1));
	return 0;
}

int memlog_embedded_open(struct memlog_embedded **ringp, const char *path,
			 const struct memlog_embedded_options *options)
{
	struct memlog_embedded_options opt = { .size = sizeof(opt) };
	struct memlog_geometry geo;
	struct memlog_embedded *ring;
	int err = 0;

	if (options)
		err = memlog_copy_options(&opt, sizeof(opt), sizeof(opt), options,
					  options->size);
	if (err)
		return err;
	ring = calloc(1, sizeof(*ring));
	if (!ring)
		return -ENOMEM;
	ring->fd = -1;
	if (path) {
		ring->path = strdup(path);
		err = ring->path ? 0 : -ENOMEM;
	}
	if (!err)
		err = init_options(ring, &opt, &geo);
	if (!err)
		err = memlog_embedded_file_open(ring, opt.flags, &geo);
	if (err) {
		free(ring->path);
		free(ring);
		return err;
	}
	*ringp = ring;
	return 0;
}

void memlog_embedded_close(struct memlog_embedded *ring)
{
	if (!ring)
		return;
	memlog_embedded_file_close(ring);
	free(ring->path);
	free(ring);
}
