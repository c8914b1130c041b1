// SPDX-License-Identifier: GPL-2.0-only
#define PCRE2_CODE_UNIT_WIDTH 8

#include <errno.h>
#include <memlog.h>
#include <pcre2.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "filter_regex.h"
#include "pattern.h"

/*
 * What PCRE2 counts does not bound the time: repeated characters, and what looks
 * ahead, it does not count. So it calls back for each item of the pattern, and
 * now and then the clock is looked at.
 */
#define MATCH_NS	10000000
#define LOOK_EVERY	64

/*
 * What lies between two looks counts as this at most: others may have had the
 * processor. The processor time of a thread would say so, but costs a system call.
 */
#define LOOK_NS		1000000

#define MATCH_LIMIT	500000
#define DEPTH_LIMIT	50000
#define HEAP_LIMIT_KB	4096
#define STACK_LEAST	(32 * 1024)
#define STACK_MOST	(512 * 1024)

/**
 * struct scratch - What a thread matches with.
 * @context: The limits.
 * @data: Where the match is, which nobody asks for.
 * @stack: Of compiled patterns.
 * @repaired: A text without the bytes that are no UTF-8.
 * @size: Bytes of it.
 * @items: Items of the pattern that were tried in this match.
 * @looked_ns: When the clock was looked at last.
 * @spent_ns: What it has taken so far.
 */
struct scratch {
	pcre2_match_context *context;
	pcre2_match_data *data;
	pcre2_jit_stack *stack;
	char *repaired;
	size_t size;
	unsigned int items;
	uint64_t looked_ns;
	uint64_t spent_ns;
};

static pthread_key_t scratch_key;
static pthread_once_t scratch_once = PTHREAD_ONCE_INIT;
static bool scratch_kept;

static void scratch_free(void *arg)
{
	struct scratch *scratch = arg;

	pcre2_match_context_free(scratch->context);
	pcre2_match_data_free(scratch->data);
	pcre2_jit_stack_free(scratch->stack);
	free(scratch->repaired);
	free(scratch);
}

/* The thread that ends the program runs no destructors of keys. */
static void __attribute__((destructor)) scratch_free_last(void)
{
	struct scratch *scratch = scratch_kept ? pthread_getspecific(scratch_key) : NULL;

	if (scratch)
		scratch_free(scratch);
}

static void scratch_make_key(void)
{
	scratch_kept = !pthread_key_create(&scratch_key, scratch_free);
}

static uint64_t clock_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static int on_item(pcre2_callout_block *block, void *arg)
{
	struct scratch *scratch = arg;
	uint64_t now, took;

	if (++scratch->items % LOOK_EVERY)
		return 0;
	now = clock_ns();
	took = scratch->items == LOOK_EVERY ? 0 : now - scratch->looked_ns;
	scratch->looked_ns = now;
	scratch->spent_ns += took < LOOK_NS ? took : LOOK_NS;
	return scratch->spent_ns < MATCH_NS ? 0 : PCRE2_ERROR_MATCHLIMIT;
}

static struct scratch *scratch_new(void)
{
	struct scratch *scratch = calloc(1, sizeof(*scratch));

	if (!scratch)
		return NULL;
	scratch->context = pcre2_match_context_create(NULL);
	scratch->data = pcre2_match_data_create(1, NULL);
	scratch->stack = pcre2_jit_stack_create(STACK_LEAST, STACK_MOST, NULL);
	if (!scratch->context || !scratch->data ||
	    pthread_setspecific(scratch_key, scratch)) {
		scratch_free(scratch);
		return NULL;
	}
	pcre2_set_callout(scratch->context, on_item, scratch);
	pcre2_set_match_limit(scratch->context, MATCH_LIMIT);
	pcre2_set_depth_limit(scratch->context, DEPTH_LIMIT);
	pcre2_set_heap_limit(scratch->context, HEAP_LIMIT_KB);
	if (scratch->stack)
		pcre2_jit_stack_assign(scratch->context, NULL, scratch->stack);
	return scratch;
}

static struct scratch *scratch_get(void)
{
	struct scratch *scratch;

	pthread_once(&scratch_once, scratch_make_key);
	if (!scratch_kept)
		return NULL;
	scratch = pthread_getspecific(scratch_key);
	return scratch ? scratch : scratch_new();
}

int regex_compile(pcre2_code **codep, const char *re, bool icase, char *why, size_t size)
{
	const uint32_t options = PCRE2_UTF | PCRE2_NO_UTF_CHECK | PCRE2_DOLLAR_ENDONLY |
				 PCRE2_MATCH_UNSET_BACKREF | PCRE2_NEVER_BACKSLASH_C |
				 PCRE2_AUTO_CALLOUT;
	PCRE2_SIZE offset;
	pcre2_code *code;
	char *translated;
	int err, error;

	err = pattern_translate(re, icase, &translated, why, size);
	if (err)
		return err;
	code = pcre2_compile((PCRE2_SPTR)translated, PCRE2_ZERO_TERMINATED, options,
			     &error, &offset, NULL);
	free(translated);
	if (!code) {
		pcre2_get_error_message(error, (PCRE2_UCHAR *)why, size);
		return error == PCRE2_ERROR_NOMEMORY ? -ENOMEM : -EINVAL;
	}
	/* Where no memory may be executed, it is slower and that is all. */
	pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
	*codep = code;
	return 0;
}

void regex_free(pcre2_code *code)
{
	pcre2_code_free(code);
}

/*
 * The text as a page shows it: what is not valid UTF-8 is U+FFFD. So a pattern
 * finds the same here and there.
 */
static const char *repair(struct scratch *scratch, const char *text, size_t *len)
{
	size_t room = 3 * *len + 1;

	if (scratch->size < room) {
		free(scratch->repaired);
		scratch->repaired = malloc(room);
		scratch->size = scratch->repaired ? room : 0;
	}
	if (!scratch->repaired)
		return NULL;
	*len = memlog_utf8_repair(scratch->repaired, scratch->size, text, *len);
	return scratch->repaired;
}

bool regex_match(const pcre2_code *code, const char *text, size_t len)
{
	struct scratch *scratch = scratch_get();

	if (scratch && memlog_utf8_valid(text, len) != len)
		text = repair(scratch, text, &len);
	if (!scratch || !text)
		return true;
	scratch->items = 0;
	scratch->spent_ns = 0;
	return pcre2_match(code, (PCRE2_SPTR)text, len, 0, PCRE2_NO_UTF_CHECK,
			   scratch->data, scratch->context) != PCRE2_ERROR_NOMATCH;
}
