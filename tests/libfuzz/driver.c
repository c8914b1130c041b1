// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs a fuzz target without libFuzzer: first each file of a folder, then
 * changes of them for some seconds, the same ones every time.
 *
 *	parse_fuzz CORPUS SECONDS
 *
 * A target finds a mistake by crashing, which is what the sanitizers do. With
 * clang, `make fuzz` builds the same targets on libFuzzer.
 */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "libfuzz.h"

#define INPUT_MAX	4096
#define INPUTS_MAX	256

struct input {
	uint8_t bytes[INPUT_MAX];
	size_t len;
};

static struct input inputs[INPUTS_MAX];
static size_t input_count;
static uint64_t state = 88172645463325252ULL;

static uint64_t rnd(uint64_t below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return below ? state % below : 0;
}

static void load(const char *dir)
{
	struct dirent *entry;
	DIR *d = opendir(dir);

	if (!d) {
		fprintf(stderr, "%s: %s\n", dir, strerror(errno));
		exit(111);
	}
	while ((entry = readdir(d)) && input_count < INPUTS_MAX) {
		struct input *input = &inputs[input_count];
		char path[512];
		FILE *file;

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
		file = fopen(path, "r");
		if (!file)
			continue;
		input->len = fread(input->bytes, 1, INPUT_MAX, file);
		fclose(file);
		input_count++;
	}
	closedir(d);
	if (!input_count) {
		fprintf(stderr, "%s: nothing in it\n", dir);
		exit(111);
	}
}

static void insert(struct input *input, size_t at, const uint8_t *bytes, size_t len)
{
	if (len > INPUT_MAX - input->len)
		len = INPUT_MAX - input->len;
	memmove(input->bytes + at + len, input->bytes + at, input->len - at);
	memmove(input->bytes + at, bytes, len);
	input->len += len;
}

static void change(struct input *input)
{
	static const uint8_t telling[] = { 0, 1, 7, 8, 0x7f, 0x80, 0xff, '-', ':', '9' };
	const struct input *other = &inputs[rnd(input_count)];
	size_t at = rnd(input->len + 1), from = rnd(other->len);
	uint8_t byte = telling[rnd(sizeof(telling))];

	switch (rnd(5)) {
	case 0:
		if (at < input->len)
			input->bytes[at] ^= (uint8_t)(1 << rnd(8));
		break;
	case 1:
		if (at < input->len)
			input->bytes[at] = byte;
		break;
	case 2:
		insert(input, at, &byte, 1);
		break;
	case 3:
		if (at < input->len) {
			size_t len = 1 + rnd(input->len - at < 8 ? input->len - at : 8);

			memmove(input->bytes + at, input->bytes + at + len,
				input->len - at - len);
			input->len -= len;
		}
		break;
	default:
		insert(input, at, other->bytes + from, rnd(other->len - from + 1));
	}
}

int main(int argc, char **argv)
{
	static struct input input;
	unsigned long runs = 0;
	time_t end;

	if (argc != 3) {
		fprintf(stderr, "usage: %s CORPUS SECONDS\n", argv[0]);
		return 100;
	}
	load(argv[1]);
	end = time(NULL) + atoi(argv[2]);
	for (size_t i = 0; i < input_count; i++)
		LLVMFuzzerTestOneInput(inputs[i].bytes, inputs[i].len);
	while (time(NULL) < end) {
		input = inputs[rnd(input_count)];
		for (uint64_t n = 1 + rnd(6); n; n--)
			change(&input);
		LLVMFuzzerTestOneInput(input.bytes, input.len);
		runs++;
	}
	printf("# %zu inputs, %lu changed ones\n", input_count, runs);
	return 0;
}
