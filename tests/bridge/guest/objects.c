// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "objects.h"

int objects_open_ws(struct objects *objects, const char *path)
{
	*objects = (struct objects){ .is_ws = true };
	return ws_open(&objects->ws, path, "memlog.json");
}

int objects_open_sse(struct objects *objects, const char *path, const char *last_event_id)
{
	char headers[128] = "";

	*objects = (struct objects){ .is_ws = false };
	if (last_event_id)
		snprintf(headers, sizeof(headers), "Last-Event-ID: %s\r\n", last_event_id);
	if (http_ask(&objects->http, "GET", path, headers, NULL, 0))
		return -1;
	return objects->http.status == 200 ? 0 : objects->http.status;
}

void objects_close(struct objects *objects)
{
	if (objects->is_ws)
		ws_close(&objects->ws);
	else
		http_close(&objects->http);
	json_decref(objects->array);
	objects->array = NULL;
}

/* One message more. An object that stands alone is as an array of one. */
static bool next_message(struct objects *objects, int timeout_ms)
{
	json_t *json;

	if (ws_next(&objects->ws, timeout_ms) != WS_TEXT)
		return false;
	json = json_loadb(objects->ws.message, objects->ws.len, JSON_ALLOW_NUL, NULL);
	json_decref(objects->array);
	objects->array = json_is_array(json) ? json : json_pack("[o]", json);
	objects->at = 0;
	if (!json || !json_array_size(objects->array))
		objects->errors++;
	return true;
}

/* Lines of an event: "id: ...", "data: ..."; a line that begins with : is none. */
static json_t *take_event(struct objects *objects, char *event)
{
	json_t *json = NULL;
	char *line, *save;

	objects->id[0] = '\0';
	for (line = strtok_r(event, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (!strncmp(line, "id: ", 4))
			snprintf(objects->id, sizeof(objects->id), "%s", line + 4);
		else if (!strncmp(line, "data: ", 6) && !json)
			json = json_loads(line + 6, JSON_ALLOW_NUL, NULL);
		else if (line[0] != ':' && strncmp(line, "retry: ", 7))
			objects->errors++;
	}
	return json;
}

static json_t *next_event(struct objects *objects, int timeout_ms)
{
	struct http *http = &objects->http;
	json_t *json = NULL;
	char *end;

	while (!json) {
		while (!(end = strstr(http->body, "\n\n")))
			if (!http_more(http, timeout_ms))
				return NULL;
		*end = '\0';
		json = take_event(objects, http->body);
		http->body_len -= (size_t)(end + 2 - http->body);
		memmove(http->body, end + 2, http->body_len + 1);
	}
	return json;
}

json_t *objects_next(struct objects *objects, int timeout_ms)
{
	if (!objects->is_ws)
		return next_event(objects, timeout_ms);
	while (!objects->array || objects->at == json_array_size(objects->array))
		if (!next_message(objects, timeout_ms))
			return NULL;
	return json_incref(json_array_get(objects->array, objects->at++));
}

json_t *objects_of_lines(const char *path)
{
	json_t *array = NULL;
	struct http http;
	char *line, *save;

	if (!http_ask(&http, "GET", path, NULL, NULL, 0) && http.status == 200 &&
	    http_all(&http))
		array = json_array();
	line = array ? strtok_r(http.body, "\n", &save) : NULL;
	for (; line; line = strtok_r(NULL, "\n", &save)) {
		if (json_array_append_new(array, json_loads(line, JSON_ALLOW_NUL, NULL))) {
			json_decref(array);
			array = NULL;
			break;
		}
	}
	http_close(&http);
	return array;
}

json_t *objects_get(const char *path)
{
	json_t *json = NULL;
	struct http http;

	if (!http_ask(&http, "GET", path, NULL, NULL, 0) && http.status == 200 &&
	    http_all(&http))
		json = json_loadb(http.body, http.body_len, JSON_ALLOW_NUL, NULL);
	http_close(&http);
	return json;
}

json_t *objects_channel(const char *name)
{
	json_t *all = objects_get("/api/v1/channels"), *channel, *found = NULL;
	size_t i;

	json_array_foreach(json_object_get(all, "channels"), i, channel)
		if (!strcmp(object_text(channel, "name"), name))
			found = json_incref(channel);
	json_decref(all);
	return found;
}

uint64_t object_number(const json_t *object, const char *key)
{
	return (uint64_t)json_integer_value(json_object_get(object, key));
}

const char *object_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}
