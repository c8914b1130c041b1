// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "log.h"
#include "reload.h"
#include "runtime.h"
#include "shard.h"
#include "tls.h"

static void run_tls(struct errand *errand, struct shard *shard)
{
	tls_reload(shard);
	free(errand);
}

/* Each thread has a certificate of its own. */
static void reload_tls(struct bridge *bridge)
{
	for (unsigned int i = 0; i < bridge->shard_count; i++) {
		struct errand *errand = calloc(1, sizeof(*errand));

		if (!errand)
			continue;
		errand->run = run_tls;
		shard_send(bridge->shards[i], errand);
	}
}

static void reload_settings(struct bridge *bridge)
{
	int err;

	if (!bridge->options.config)
		return;
	pthread_rwlock_wrlock(&bridge->settings);
	err = options_reload(&bridge->options);
	pthread_rwlock_unlock(&bridge->settings);
	if (err) {
		log_error("the settings stay what they were");
		return;
	}
	limits_change(&bridge->limits, bridge->options.max_clients,
		      bridge->options.max_per_address);
	log_info("settings read from %s", bridge->options.config);
}

static void reload_tokens(struct bridge *bridge)
{
	if (!bridge->auth.path || bridge->auth.made)
		return;
	if (auth_load(&bridge->auth, NULL))
		log_error("the tokens stay what they were");
	else
		log_info("tokens read from %s", bridge->auth.path);
}

void reload(struct bridge *bridge)
{
	struct timespec now;
	char state[96];

	clock_gettime(CLOCK_MONOTONIC, &now);
	snprintf(state, sizeof(state), "RELOADING=1\nMONOTONIC_USEC=%lld",
		 (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
	runtime_notify(state);
	reload_settings(bridge);
	reload_tokens(bridge);
	if (bridge->options.tls_cert)
		reload_tls(bridge);
	runtime_notify("READY=1\nSTATUS=Serving");
}
