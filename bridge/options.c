// SPDX-License-Identifier: GPL-2.0-only
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <memlog.h>

#include "archive/modsync_frame.h"
#include "config.h"
#include "log.h"
#include "option_table.h"

/* The command line, for options_reload(). */
static int saved_argc;
static char **saved_argv;

static int bad_value(const struct option_def *def, const char *value,
		     const struct option_place *place, const char *expected)
{
	if (place->file)
		log_error("%s:%u: %s = %s: expected %s", place->file, place->line,
			  def->name, value, expected);
	else
		log_error("--%s %s: expected %s", def->name, value, expected);
	return EXIT_USAGE;
}

static int no_memory(void)
{
	log_error("out of memory");
	return EXIT_SYSTEM;
}

static int list_add(struct option_list *list, const char *value)
{
	char **values = realloc(list->values, (list->count + 1) * sizeof(*values));
	char *copy = strdup(value);

	if (values)
		list->values = values;
	if (!values || !copy) {
		free(copy);
		return no_memory();
	}
	values[list->count++] = copy;
	return -1;
}

static void list_clear(struct option_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->values[i]);
	free(list->values);
	*list = (struct option_list){ 0 };
}

static int set_string(char **string, const char *value)
{
	char *copy = strdup(value);

	if (!copy)
		return no_memory();
	free(*string);
	*string = copy;
	return -1;
}

static int set_number(const struct option_def *def, unsigned int *number,
		      const char *value, const struct option_place *place)
{
	char expected[64];
	uint64_t n;

	snprintf(expected, sizeof(expected), "%u to %u%s", def->min, def->max,
		 !strcmp(def->arg, "SECONDS") ? " seconds" : "");
	if (memlog_parse_number(value, &n) || n < def->min || n > def->max)
		return bad_value(def, value, place, expected);
	*number = (unsigned int)n;
	return -1;
}

static int set_flag(const struct option_def *def, bool *flag, const char *value,
		    const struct option_place *place)
{
	static const char *const words[] = { "no", "yes", "false", "true", "0", "1" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!strcasecmp(value, words[i])) {
			*flag = i % 2;
			return -1;
		}
	}
	return bad_value(def, value, place, "yes or no");
}

static int set_value(struct options *options, const struct option_def *def,
		     const char *value, const struct option_place *place)
{
	void *at = option_at(def, options);

	if (!value[0])
		return bad_value(def, "\"\"", place, def->expected ? def->expected : def->arg);
	if (def->check && !def->check(value))
		return bad_value(def, value, place, def->expected);
	options->set |= 1ULL << (def - option_table);
	switch (def->kind) {
	case OPTION_LIST:
		return list_add(at, value);
	case OPTION_STRING:
		return set_string(at, value);
	case OPTION_NUMBER:
		return set_number(def, at, value, place);
	case OPTION_FLAG:
		return set_flag(def, at, value, place);
	default:
		return -1;
	}
}

static void say_unknown(const char *name, const struct option_place *place)
{
	char names[1024] = "";
	size_t len = 0;

	for (size_t i = 0; i < option_count; i++)
		if (!option_table[i].no_file && len < sizeof(names))
			len += (size_t)snprintf(names + len, sizeof(names) - len, " %s",
						option_table[i].name);
	log_error("%s:%u: there is no \"%s\" here; there are%s", place->file, place->line,
		  name, names);
}

int options_set(struct options *options, const char *name, const char *value,
		const struct option_place *place)
{
	const struct option_def *def = option_find(name);

	if (!def || (place->file && def->no_file)) {
		say_unknown(name, place);
		return EXIT_USAGE;
	}
	return set_value(options, def, value, place);
}

static void fill_long_options(struct option *all)
{
	for (size_t i = 0; i < option_count; i++) {
		const struct option_def *def = &option_table[i];

		all[i] = (struct option){
			.name = def->name,
			.has_arg = def->arg ? required_argument : no_argument,
			.val = 256 + (int)i,
		};
	}
	all[option_count] = (struct option){ 0 };
}

static int parse_one(struct options *options, int opt)
{
	static const struct option_place command_line;
	const struct option_def *def;

	if (opt < 256 || opt >= 256 + (int)option_count) {
		log_error("see memlog-bridge --help");
		return EXIT_USAGE;
	}
	def = &option_table[opt - 256];
	if (def->kind != OPTION_ACTION)
		return set_value(options, def, def->arg ? optarg : "yes", &command_line);
	if (!strcmp(def->name, "help"))
		option_help();
	else
		puts("memlog-bridge " BRIDGE_VERSION);
	return 0;
}

static int parse_command_line(struct options *options)
{
	struct option all[OPTIONS_MAX + 1];
	int opt, status = -1;

	fill_long_options(all);
	optind = 0;
	while (status < 0 &&
	       (opt = getopt_long(saved_argc, saved_argv, "", all, NULL)) != -1)
		status = parse_one(options, opt);
	if (status < 0 && optind < saved_argc) {
		log_error("\"%s\" is no option; see memlog-bridge --help", saved_argv[optind]);
		status = EXIT_USAGE;
	}
	return status;
}

static void move_value(const struct option_def *def, struct options *to,
		       struct options *from)
{
	void *a = option_at(def, to), *b = option_at(def, from);

	switch (def->kind) {
	case OPTION_LIST:
		list_clear(a);
		memcpy(a, b, sizeof(struct option_list));
		memset(b, 0, sizeof(struct option_list));
		break;
	case OPTION_STRING:
		free(*(char **)a);
		memcpy(a, b, sizeof(char *));
		memset(b, 0, sizeof(char *));
		break;
	case OPTION_NUMBER:
		memcpy(a, b, sizeof(unsigned int));
		break;
	case OPTION_FLAG:
		memcpy(a, b, sizeof(bool));
		break;
	default:
		break;
	}
}

static void set_defaults(struct options *options)
{
	*options = (struct options){
		.threads = 1, .idle_timeout = 60, .max_clients = 1024, .max_per_address = 256,
		.modsync_flag = MODSYNC_FLAG,
	};
}

static int check_together(const struct options *options)
{
	if (!options->tls_cert == !options->tls_key)
		return -1;
	log_error("tls-cert and tls-key belong together; %s is missing",
		  options->tls_cert ? "tls-key" : "tls-cert");
	return EXIT_USAGE;
}

/* What the command line says replaces what the file says. */
static int read_all(struct options *options)
{
	struct options given;
	int status;

	set_defaults(options);
	set_defaults(&given);
	status = parse_command_line(&given);
	if (status < 0 && given.config)
		status = config_read(given.config, options);
	for (size_t i = 0; status < 0 && i < option_count; i++)
		if (given.set & 1ULL << i)
			move_value(&option_table[i], options, &given);
	options->set |= given.set;
	options_free(&given);
	if (status < 0)
		status = check_together(options);
	if (status >= 0)
		options_free(options);
	return status;
}

int options_parse(struct options *options, int argc, char **argv)
{
	int status;

	saved_argc = argc;
	saved_argv = argv;
	status = read_all(options);
	if (status < 0)
		log_set_verbose(options->verbose);
	return status;
}

static bool same_list(const struct option_list *a, const struct option_list *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->values[i], b->values[i]))
			return false;
	return true;
}

static bool same_value(const struct option_def *def, struct options *one,
		       struct options *other)
{
	const void *a = option_at(def, one), *b = option_at(def, other);
	const char *s, *t;

	switch (def->kind) {
	case OPTION_LIST:
		return same_list(a, b);
	case OPTION_STRING:
		s = *(char *const *)a;
		t = *(char *const *)b;
		return s && t ? !strcmp(s, t) : s == t;
	case OPTION_NUMBER:
		return *(const unsigned int *)a == *(const unsigned int *)b;
	case OPTION_FLAG:
		return *(const bool *)a == *(const bool *)b;
	default:
		return true;
	}
}

int options_reload(struct options *options)
{
	struct options fresh;

	if (!options->config)
		return 0;
	if (read_all(&fresh) >= 0)
		return -1;
	for (size_t i = 0; i < option_count; i++) {
		const struct option_def *def = &option_table[i];

		if (same_value(def, options, &fresh))
			continue;
		if (def->live)
			move_value(def, options, &fresh);
		else
			log_error("%s changes when the bridge is started again", def->name);
	}
	log_set_verbose(options->verbose);
	options_free(&fresh);
	return 0;
}

void options_free(struct options *options)
{
	for (size_t i = 0; i < option_count; i++) {
		void *at = option_at(&option_table[i], options);

		if (option_table[i].kind == OPTION_LIST)
			list_clear(at);
		else if (option_table[i].kind == OPTION_STRING)
			free(*(char **)at);
	}
	*options = (struct options){ 0 };
}
