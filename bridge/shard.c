// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "http.h"
#include "linger.h"
#include "listen.h"
#include "log.h"
#include "out.h"
#include "shard.h"
#include "sink.h"
#include "write_job.h"

/* Clients have so long to take their farewell. */
#define STOP_MS		2000
#define STOP_LOOK_MS	10

#define TICK_MS		1000

static void on_stop_timer(uv_timer_t *timer)
{
	struct shard *shard = timer->data;

	bool idle = list_empty(&shard->sessions) && list_empty(&shard->replicas) &&
		    list_empty(&shard->streams) && !shard->jobs;

	if (idle || uv_now(&shard->loop) >= shard->stop_ms)
		uv_stop(&shard->loop);
}

static void on_stop(uv_async_t *async)
{
	struct shard *shard = async->data;

	if (shard->stopping)
		return;
	shard->stopping = true;
	listen_close(shard);
	sink_stop_all(shard);
	shard->stop_ms = uv_now(&shard->loop) + STOP_MS;
	uv_timer_start(&shard->stop_timer, on_stop_timer, 0, STOP_LOOK_MS);
}

static void on_tick(uv_timer_t *timer)
{
	sink_tick_all(timer->data);
	out_tick(timer->data);
	write_job_tick(timer->data);
}

static void on_errand(uv_async_t *async)
{
	struct shard *shard = async->data;
	struct errand *errand;

	for (;;) {
		pthread_mutex_lock(&shard->errand_lock);
		errand = NULL;
		if (!list_empty(&shard->errands)) {
			errand = list_entry(shard->errands.next, struct errand, link);
			list_del(&errand->link);
		}
		pthread_mutex_unlock(&shard->errand_lock);
		if (!errand)
			return;
		errand->run(errand, shard);
	}
}

void shard_send(struct shard *shard, struct errand *errand)
{
	pthread_mutex_lock(&shard->errand_lock);
	list_add_tail(&errand->link, &shard->errands);
	pthread_mutex_unlock(&shard->errand_lock);
	uv_async_send(&shard->errand);
}

static void init_handles(struct shard *shard)
{
	list_init(&shard->listeners);
	list_init(&shard->conns);
	list_init(&shard->sessions);
	list_init(&shard->replicas);
	list_init(&shard->streams);
	list_init(&shard->outs);
	list_init(&shard->lingers);
	list_init(&shard->errands);
	pthread_mutex_init(&shard->errand_lock, NULL);
	uv_async_init(&shard->loop, &shard->errand, on_errand);
	shard->errand.data = shard;
	uv_async_init(&shard->loop, &shard->stop, on_stop);
	uv_timer_init(&shard->loop, &shard->stop_timer);
	uv_timer_init(&shard->loop, &shard->tick);
	uv_timer_start(&shard->tick, on_tick, TICK_MS, TICK_MS);
	shard->stop.data = shard;
	shard->stop_timer.data = shard;
	shard->tick.data = shard;
}

static void close_loop(struct shard *shard)
{
	on_errand(&shard->errand);
	uv_close((uv_handle_t *)&shard->errand, NULL);
	uv_close((uv_handle_t *)&shard->stop, NULL);
	uv_close((uv_handle_t *)&shard->stop_timer, NULL);
	uv_close((uv_handle_t *)&shard->tick, NULL);
	uv_run(&shard->loop, UV_RUN_DEFAULT);
	uv_loop_close(&shard->loop);
	pthread_mutex_destroy(&shard->errand_lock);
}

int shard_open(struct shard **shardp, struct bridge *bridge)
{
	struct shard *shard = calloc(1, sizeof(*shard));
	int err, status;

	if (!shard) {
		log_error("out of memory");
		return EXIT_SYSTEM;
	}
	shard->bridge = bridge;
	err = uv_loop_init(&shard->loop);
	if (err) {
		log_error("can't make an event loop: %s", uv_strerror(err));
		goto err_free;
	}
	init_handles(shard);
	err = hub_init(&shard->hub, &shard->loop);
	if (err) {
		log_error("can't make a timer: %s", strerror(-err));
		goto err_close_loop;
	}
	shard->hub.metrics = &bridge->metrics;
	status = http_init(shard);
	*shardp = shard;
	if (!status)
		return 0;
	shard_close(shard);
	return status;

err_close_loop:
	close_loop(shard);
err_free:
	free(shard);
	return EXIT_SYSTEM;
}

void shard_run(struct shard *shard)
{
	uv_run(&shard->loop, UV_RUN_DEFAULT);
}

static void *thread_main(void *arg)
{
	shard_run(arg);
	return NULL;
}

/* Signals are the main thread's. */
int shard_start(struct shard *shard)
{
	sigset_t all, old;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	err = pthread_create(&shard->thread, NULL, thread_main, shard);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (err) {
		log_error("can't start a thread: %s", strerror(err));
		return EXIT_SYSTEM;
	}
	shard->started = true;
	return 0;
}

void shard_stop(struct shard *shard)
{
	uv_async_send(&shard->stop);
}

/* What was closed is gone when the loop has gone round. */
static void settle(struct shard *shard)
{
	for (int i = 0; i < 10; i++)
		uv_run(&shard->loop, UV_RUN_NOWAIT);
}

/*
 * Each part closes on the loop. libwebsockets wants to be told again after each
 * step of that, on a loop it did not make.
 */
void shard_close(struct shard *shard)
{
	if (shard->started)
		pthread_join(shard->thread, NULL);
	listen_close(shard);
	linger_stop(shard);
	for (int i = 0; shard->context && i < 4; i++) {
		http_uninit(shard);
		settle(shard);
	}
	settle(shard);
	while (shard->jobs)
		uv_run(&shard->loop, UV_RUN_ONCE);
	hub_uninit(&shard->hub);
	close_loop(shard);
	free(shard);
}
