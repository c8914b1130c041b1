// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "assets.h"

#define EMBED(name, file)						\
	__asm__(".pushsection .rodata\n"				\
		".global asset_" #name ", asset_" #name "_end\n"	\
		".hidden asset_" #name ", asset_" #name "_end\n"	\
		"asset_" #name ": .incbin \"bridge/web/" file "\"\n"	\
		"asset_" #name "_end: .byte 0\n"			\
		".popsection\n");					\
	extern const char asset_##name[], asset_##name##_end[]

EMBED(page, "index.html");
EMBED(script, "live.js");
EMBED(style, "live.css");

static const struct {
	const char *path;
	const char *type;
	const char *data;
	const char *end;
} files[] = {
	{ "/", "text/html; charset=utf-8", asset_page, asset_page_end },
	{ "/live.js", "text/javascript; charset=utf-8", asset_script, asset_script_end },
	{ "/live.css", "text/css; charset=utf-8", asset_style, asset_style_end },
};

const struct asset *asset_find(const char *path)
{
	static struct asset asset;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		if (strcmp(files[i].path, path))
			continue;
		asset = (struct asset){
			.path = files[i].path,
			.type = files[i].type,
			.data = files[i].data,
			.len = (size_t)(files[i].end - files[i].data),
		};
		return &asset;
	}
	return NULL;
}
