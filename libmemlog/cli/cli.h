/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the commands of memlog(1) share.
 */
#ifndef MEMLOG_CLI_H
#define MEMLOG_CLI_H

#include <memlog.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EXIT_LOSS	1
#define EXIT_USAGE	100
#define EXIT_SYSTEM	111

#define NSEC_PER_SEC	1000000000ULL
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/**
 * struct command - A word behind "memlog".
 * @name: The word.
 * @run: Takes what stands behind it, argv[0] included; gives the exit status.
 * @help: What "memlog NAME --help" prints: fits a screen of 24 lines by 80.
 */
struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *help;
};

extern const struct command command_write, command_follow, command_feed;
extern const struct command command_run, command_info, command_clear;
extern const struct command command_resize, command_archive;

/* The command that runs, for messages and for --help. */
extern const struct command *current;

/* complain.c: what went wrong, on standard error, and what to do. */
void complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void die(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));
void usage(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));

enum access { TO_READ, TO_WRITE, TO_CLEAR, TO_RESIZE };
void complain_channel(const char *path, enum access access, int err);
void die_channel(const char *path, enum access access, int err)
	__attribute__((noreturn));

/* args.c: values of options; what is wrong with one ends the program. */
uint64_t now_ns(void);
uint64_t arg_number(const char *option, const char *value, uint64_t max);
uint64_t arg_size(const char *option, const char *value);
uint64_t arg_time(const char *option, const char *value);
int arg_pri(const char *option, const char *value);
unsigned int arg_levels(const char *option, const char *value);
void arg_channel(char path[PATH_MAX], const char *channel);

/* A ring file, and not what memlogfs makes, which looks like one. */
bool is_ring_file(const char *path);
void arg_bad_option(void) __attribute__((noreturn));
void print_help(void) __attribute__((noreturn));

/* For long options without a letter. */
enum { OPT_FIRST = 256 };

#endif /* MEMLOG_CLI_H */
