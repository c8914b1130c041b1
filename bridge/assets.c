// SPDX-License-Identifier: GPL-2.0-only
/*
 * The viewer is built from bridge/web/src into bridge/web/dist, which is kept
 * in git, and compressed while the bridge is built: BRIDGE_WEB_GZ is the folder
 * with that.
 */
#include <string.h>

#include "assets.h"

#define EMBED_AS(name, path)						\
	__asm__(".pushsection .rodata\n"				\
		".global asset_" #name ", asset_" #name "_end\n"	\
		".hidden asset_" #name ", asset_" #name "_end\n"	\
		"asset_" #name ": .incbin \"" path "\"\n"		\
		"asset_" #name "_end: .byte 0\n"			\
		".popsection\n");					\
	extern const char asset_##name[], asset_##name##_end[]

#define EMBED(name, file)						\
	EMBED_AS(name, "bridge/web/dist/" file);			\
	EMBED_AS(name##_gz, BRIDGE_WEB_GZ "/" file ".gz")

EMBED(page, "index.html");
EMBED(script, "viewer.js");
EMBED(engine, "engine.js");
EMBED(style, "viewer.css");
EMBED(icon, "favicon.svg");
EMBED(licenses, "licenses.txt");

#define FILE_AT(path, type, name)					\
	{ path, type, asset_##name, asset_##name##_end,			\
	  asset_##name##_gz, asset_##name##_gz_end }

#define JAVASCRIPT "text/javascript; charset=utf-8"

static const struct {
	const char *path;
	const char *type;
	const char *data;
	const char *end;
	const char *gzip;
	const char *gzip_end;
} files[] = {
	FILE_AT("/", "text/html; charset=utf-8", page),
	FILE_AT("/viewer.js", JAVASCRIPT, script),
	FILE_AT("/engine.js", JAVASCRIPT, engine),
	FILE_AT("/viewer.css", "text/css; charset=utf-8", style),
	FILE_AT("/favicon.svg", "image/svg+xml", icon),
	FILE_AT("/licenses.txt", "text/plain; charset=utf-8", licenses),
};

const struct asset *asset_find(const char *path)
{
	static _Thread_local struct asset asset;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		if (strcmp(files[i].path, path))
			continue;
		asset = (struct asset){
			.path = files[i].path,
			.type = files[i].type,
			.data = files[i].data,
			.len = (size_t)(files[i].end - files[i].data),
			.gzip = files[i].gzip,
			.gzip_len = (size_t)(files[i].gzip_end - files[i].gzip),
		};
		return &asset;
	}
	return NULL;
}
