/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A channel as JSON objects, one after the other: over a WebSocket, over
 * Server-Sent Events, or of the lines of an answer.
 */
#ifndef TESTS_OBJECTS_H
#define TESTS_OBJECTS_H

#include <jansson.h>
#include <stdint.h>

#include "ws.h"

/**
 * struct objects - A client.
 * @ws: The WebSocket, if it is one.
 * @http: The answer, if it is events.
 * @is_ws: Which.
 * @array: What came in the last message.
 * @at: The next one of it.
 * @id: The event's id, "" for none.
 * @errors: What was not as it has to be.
 */
struct objects {
	struct ws ws;
	struct http http;
	bool is_ws;
	json_t *array;
	size_t at;
	char id[64];
	unsigned int errors;
};

/* Return: 0, or the status of a refusal, -1 for no answer. objects_close() in any case. */
int objects_open_ws(struct objects *objects, const char *path);
int objects_open_sse(struct objects *objects, const char *path, const char *last_event_id);
void objects_close(struct objects *objects);

/* The next one, which is the caller's; NULL: none came in time, or the end. */
json_t *objects_next(struct objects *objects, int timeout_ms);

/* A GET, its lines as an array; NULL if it is not 200, whole and JSON. */
json_t *objects_of_lines(const char *path);

/* A GET of one JSON value; NULL if it is not 200, whole and JSON. */
json_t *objects_get(const char *path);

/* The entry of a channel in /api/v1/channels, NULL if it is not there. */
json_t *objects_channel(const char *name);

/* A member of an object: 0 or NULL where there is none. */
uint64_t object_number(const json_t *object, const char *key);
const char *object_text(const json_t *object, const char *key);

#endif /* TESTS_OBJECTS_H */
