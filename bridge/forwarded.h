/* SPDX-License-Identifier: GPL-2.0-only */
/* Whom a proxy says it speaks for. */
#ifndef BRIDGE_FORWARDED_H
#define BRIDGE_FORWARDED_H

#include "address.h"
#include "options.h"

/* Whether @address is one of --trusted-proxy. */
bool forwarded_trusts(const struct options *options, const struct address *address);

/**
 * forwarded_for() - Find the client in an X-Forwarded-For header.
 * @options: Says which proxies may be believed.
 * @header: The header's value: the last part of it was added by the proxy that
 *          we speak with, the one before by the one before that, and so on.
 * @address: Set to the last address in it that is not one of our proxies'.
 *
 * Return: false if there is none, or what stands there is no address.
 */
bool forwarded_for(const struct options *options, const char *header, struct address *address);

#endif /* BRIDGE_FORWARDED_H */
