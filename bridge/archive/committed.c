// SPDX-License-Identifier: GPL-2.0-only
#include "committed.h"

void committed_init(struct committed *committed)
{
	*committed = (struct committed){ 0 };
	pthread_mutex_init(&committed->lock, NULL);
	list_init(&committed->watches);
}

void committed_uninit(struct committed *committed)
{
	pthread_mutex_destroy(&committed->lock);
}

void committed_set(struct committed *committed, uint32_t date, uint64_t rows, bool finished)
{
	struct list *pos;

	pthread_mutex_lock(&committed->lock);
	committed->known = true;
	committed->date = date;
	committed->rows = rows;
	committed->finished = finished;
	list_for_each(pos, &committed->watches) {
		struct committed_watch *watch = list_entry(pos, struct committed_watch, link);

		watch->wake(watch);
	}
	pthread_mutex_unlock(&committed->lock);
}

bool committed_known(struct committed *committed)
{
	bool known;

	pthread_mutex_lock(&committed->lock);
	known = committed->known;
	pthread_mutex_unlock(&committed->lock);
	return known;
}

uint64_t committed_rows(struct committed *committed, uint32_t date, uint64_t rows,
			bool *finished)
{
	pthread_mutex_lock(&committed->lock);
	if (committed->known && date > committed->date) {
		rows = 0;
		*finished = false;
	} else if (committed->known && date == committed->date) {
		if (rows > committed->rows)
			rows = committed->rows;
		*finished = *finished && committed->finished;
	}
	pthread_mutex_unlock(&committed->lock);
	return rows;
}

void committed_watch(struct committed *committed, struct committed_watch *watch)
{
	pthread_mutex_lock(&committed->lock);
	list_add_tail(&watch->link, &committed->watches);
	pthread_mutex_unlock(&committed->lock);
}

void committed_unwatch(struct committed *committed, struct committed_watch *watch)
{
	pthread_mutex_lock(&committed->lock);
	list_del(&watch->link);
	pthread_mutex_unlock(&committed->lock);
}
