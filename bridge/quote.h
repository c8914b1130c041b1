/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What somebody sent, as it may stand in a message to people.
 */
#ifndef BRIDGE_QUOTE_H
#define BRIDGE_QUOTE_H

/* Bytes of it that are shown. */
#define QUOTE_MAX	64
#define QUOTE_SIZE	(4 * QUOTE_MAX + sizeof("\"...\""))

/**
 * quote() - A value in quotes, all but printable ASCII escaped, cut if it is long.
 * @buf: Where to put it.
 * @value: The value.
 *
 * Return: @buf.
 */
const char *quote(char buf[QUOTE_SIZE], const char *value);

#endif /* BRIDGE_QUOTE_H */
