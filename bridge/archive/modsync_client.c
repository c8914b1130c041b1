// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "modsync_client.h"
#include "modsync_copy.h"
#include "modsync_session.h"

#define SCHEME		"modsync://"

/* Between two connections, and a fifth more or less: many clients of one server. */
#define RECONNECT_MS	5000
#define PATIENCE	30

/* The same trouble is told once in so many seconds. */
#define TELL_SECONDS	600

/**
 * struct modsync_client - A client.
 * @options: What to copy; strings are its own.
 * @copy: The archive; the thread's.
 * @session: Connections; the thread's.
 * @thread: The thread.
 * @stopfd: Tells it to stop.
 * @told: What was said last of what is wrong,
 * @told_s: and when.
 * @lock: Held for @stats.
 * @stats: For others.
 */
struct modsync_client {
	struct modsync_client_options options;
	struct modsync_copy copy;
	struct modsync_session session;
	pthread_t thread;
	int stopfd;
	char told[192];
	time_t told_s;
	pthread_mutex_t lock;
	struct modsync_client_stats stats;
};

bool modsync_address(const char *url, char host[MODSYNC_HOST_SIZE], char port[MODSYNC_PORT_SIZE])
{
	size_t len = strlen(SCHEME);
	const char *end, *colon;
	unsigned long number;
	bool brackets;

	if (strncmp(url, SCHEME, len))
		return false;
	url += len;
	colon = strrchr(url, ':');
	if (!colon || strlen(colon + 1) >= MODSYNC_PORT_SIZE ||
	    strspn(colon + 1, "0123456789") != strlen(colon + 1))
		return false;
	number = strtoul(colon + 1, NULL, 10);
	brackets = url[0] == '[';
	end = brackets ? colon - 1 : colon;
	if (!number || number > 65535 || (brackets && (end <= url || *end != ']')))
		return false;
	url += brackets;
	len = (size_t)(end - url);
	if (end <= url || len >= MODSYNC_HOST_SIZE || strcspn(url, "/@?#") < len ||
	    (!brackets && memchr(url, ':', len)))
		return false;
	memcpy(host, url, len);
	host[len] = '\0';
	strcpy(port, colon + 1);
	return true;
}

static void publish(void *arg)
{
	struct modsync_client *client = arg;

	client->copy.stats.today = modsync_copy_today(&client->copy);
	pthread_mutex_lock(&client->lock);
	client->stats = client->copy.stats;
	pthread_mutex_unlock(&client->lock);
}

static void tell(struct modsync_client *client, const char *why)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (!strcmp(client->told, why) && now.tv_sec - client->told_s < TELL_SECONDS)
		return;
	snprintf(client->told, sizeof(client->told), "%s", why);
	client->told_s = now.tv_sec;
	modsync_copy_say(&client->copy, "modsync://%s:%s: %s; connecting again and again",
			 client->options.host, client->options.port, why);
}

static unsigned int jitter(void)
{
	unsigned int random;

	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) != sizeof(random))
		random = (unsigned int)getpid();
	return RECONNECT_MS * 4 / 5 + random % (RECONNECT_MS * 2 / 5);
}

/* A day that was copied over the connection before makes the words unsaid. */
static void forget_told(struct modsync_client *client, uint64_t rows, uint64_t days)
{
	if (client->copy.stats.rows != rows || client->copy.stats.days != days)
		client->told[0] = '\0';
}

/* Return: true: it is to stop. */
static bool connect_once(struct modsync_client *client)
{
	const struct modsync_client_options *options = &client->options;
	struct modsync_session *session = &client->session;
	uint64_t rows = client->copy.stats.rows, days = client->copy.stats.days;
	const char *why = NULL;
	bool stop;
	int err;

	err = modsync_link_open(&session->link, options->host, options->port, &why);
	if (err) {
		if (err != -ECANCELED)
			tell(client, why);
		return err == -ECANCELED;
	}
	client->copy.stats.connects++;
	stop = modsync_session_run(session, &why);
	forget_told(client, rows, days);
	if (why && !stop)
		tell(client, why);
	return stop;
}

static void *run(void *arg)
{
	struct modsync_client *client = arg;
	bool stop = false;

	pthread_setname_np(pthread_self(), "modsync-client");
	while (!stop) {
		stop = connect_once(client);
		publish(client);
		if (!stop)
			stop = modsync_link_wait(&client->session.link, jitter());
	}
	return NULL;
}

static void free_client(struct modsync_client *client)
{
	modsync_copy_close(&client->copy);
	if (client->stopfd >= 0)
		close(client->stopfd);
	pthread_mutex_destroy(&client->lock);
	free((char *)(uintptr_t)client->options.host);
	free((char *)(uintptr_t)client->options.port);
	free((char *)(uintptr_t)client->options.dir);
	free(client);
}

static struct modsync_client *new_client(const struct modsync_client_options *options)
{
	struct modsync_client *client = calloc(1, sizeof(*client));

	if (!client)
		return NULL;
	pthread_mutex_init(&client->lock, NULL);
	client->copy.dirfd = -1;
	client->options = *options;
	client->options.host = strdup(options->host);
	client->options.port = strdup(options->port);
	client->options.dir = strdup(options->dir);
	client->stopfd = eventfd(0, EFD_CLOEXEC);
	client->session = (struct modsync_session){
		.link = { .fd = -1, .stopfd = client->stopfd, .flag = options->flag },
		.copy = &client->copy, .publish = publish, .arg = client,
		.patience_ms = 1000 * (options->patience ? options->patience : PATIENCE),
	};
	if (client->options.host && client->options.port && client->options.dir &&
	    client->stopfd >= 0)
		return client;
	free_client(client);
	return NULL;
}

static int start_thread(struct modsync_client *client)
{
	sigset_t all, before;
	int err;

	/* Signals are the main thread's. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&client->thread, NULL, run, client);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (err)
		modsync_copy_say(&client->copy, "can't start a thread: %s", strerror(err));
	return -err;
}

int modsync_client_start(struct modsync_client **clientp,
			 const struct modsync_client_options *options)
{
	struct modsync_client *client = new_client(options);
	int err;

	if (!client) {
		if (options->say)
			options->say(options->arg, "out of memory or open files");
		return -ENOMEM;
	}
	err = modsync_copy_open(&client->copy, &client->options);
	if (!err) {
		publish(client);
		err = start_thread(client);
	}
	if (err)
		free_client(client);
	else
		*clientp = client;
	return err;
}

void modsync_client_stop(struct modsync_client *client)
{
	uint64_t one = 1;

	if (!client)
		return;
	while (write(client->stopfd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
	pthread_join(client->thread, NULL);
	free_client(client);
}

void modsync_client_stats(struct modsync_client *client, struct modsync_client_stats *stats)
{
	pthread_mutex_lock(&client->lock);
	*stats = client->stats;
	pthread_mutex_unlock(&client->lock);
}
