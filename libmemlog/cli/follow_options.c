// SPDX-License-Identifier: GPL-2.0-only
/*
 * The options of memlog follow: words that journalctl, dmesg and logcat have,
 * where they mean the same there.
 */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "follow.h"

enum { OPT_NO_FOLLOW = OPT_FIRST, OPT_FROM, OPT_JSON, OPT_COLOR, OPT_UTC, OPT_PID,
       OPT_UID, OPT_NO_PAGER, OPT_WAIT, OPT_STRICT, OPT_ARCHIVE };

static const struct option options[] = {
	{ "channel",	required_argument, NULL, 'c' },
	{ "follow",	no_argument,	   NULL, 'f' },
	{ "no-follow",	no_argument,	   NULL, OPT_NO_FOLLOW },
	{ "lines",	required_argument, NULL, 'n' },
	{ "max-count",	required_argument, NULL, 'm' },
	{ "all",	no_argument,	   NULL, 'a' },
	{ "reverse",	no_argument,	   NULL, 'r' },
	{ "priority",	required_argument, NULL, 'p' },
	{ "level",	required_argument, NULL, 'p' },
	{ "since",	required_argument, NULL, 'S' },
	{ "until",	required_argument, NULL, 'U' },
	{ "from",	required_argument, NULL, OPT_FROM },
	{ "archive",	required_argument, NULL, OPT_ARCHIVE },
	{ "grep",	required_argument, NULL, 'g' },
	{ "comm",	required_argument, NULL, 't' },
	{ "unit",	required_argument, NULL, 'u' },
	{ "pid",	required_argument, NULL, OPT_PID },
	{ "uid",	required_argument, NULL, OPT_UID },
	{ "output",	required_argument, NULL, 'o' },
	{ "json",	no_argument,	   NULL, OPT_JSON },
	{ "decode",	no_argument,	   NULL, 'x' },
	{ "color",	optional_argument, NULL, OPT_COLOR },
	{ "colour",	optional_argument, NULL, OPT_COLOR },
	{ "utc",	no_argument,	   NULL, OPT_UTC },
	{ "wait",	no_argument,	   NULL, OPT_WAIT },
	{ "strict",	no_argument,	   NULL, OPT_STRICT },
	{ "quiet",	no_argument,	   NULL, 'q' },
	{ "no-pager",	no_argument,	   NULL, OPT_NO_PAGER },
	{ "help",	no_argument,	   NULL, 'h' },
	{ }
};

static void set_lines(struct follow *follow, const char *value)
{
	if (!strcmp(value, "all")) {
		follow->options.flags &= ~MEMLOG_READ_TAIL;
		return;
	}
	follow->options.flags |= MEMLOG_READ_TAIL;
	follow->options.tail = arg_number("-n", value, UINT64_MAX);
}

static void set_from(struct follow *follow, const char *value)
{
	if (memlog_parse_place(value, &follow->options.from_stream,
			       &follow->options.from_seq))
		usage("--from %s: not STREAM:SEQ (16 hexadecimal digits, a number) or SEQ",
		      value);
	follow->options.flags |= MEMLOG_READ_FROM;
}

static void set_output(struct follow *follow, const char *value)
{
	if (!format_parse_style(&follow->format, value))
		usage("-o %s: not short, short-precise, short-iso, short-iso-precise, "
		      "short-unix, cat, json or verbose", value);
}

/* Return: whether @c is one of where to begin and end. */
static bool parse_range(struct follow *follow, int c)
{
	switch (c) {
	case 'f':
	case 'w':
		follow->live = true;
		break;
	case 'd':
	case OPT_NO_FOLLOW:
		follow->live = false;
		break;
	case 'n':
		set_lines(follow, optarg);
		break;
	case 'm':
		follow->max = arg_number("-m", optarg, UINT64_MAX);
		break;
	case 'a':
		follow->all = true;
		break;
	case 'r':
		follow->reverse = true;
		follow->live = false;
		break;
	case 'S':
		follow->options.flags |= MEMLOG_READ_SINCE;
		follow->options.since_ns = arg_time("--since", optarg);
		break;
	case 'U':
		follow->options.flags |= MEMLOG_READ_UNTIL;
		follow->options.until_ns = arg_time("--until", optarg);
		break;
	case OPT_FROM:
		set_from(follow, optarg);
		break;
	case OPT_ARCHIVE:
		follow->options.flags |= MEMLOG_READ_ARCHIVE;
		follow->options.archive = optarg;
		follow->all = true;
		break;
	case OPT_WAIT:
		follow->wait = true;
		break;
	default:
		return false;
	}
	return true;
}

/* Return: whether @c is one of which records. */
static bool parse_filter(struct filter *filter, int c)
{
	switch (c) {
	case 'p':
	case 'l':
		filter_add_levels(filter, optarg);
		break;
	case 'g':
		filter_grep(filter, optarg);
		break;
	case 't':
		filter_add_comm(filter, optarg);
		break;
	case 'u':
		filter_add_unit(filter, optarg);
		break;
	case OPT_PID:
		filter->pid = (uint32_t)arg_number("--pid", optarg, UINT32_MAX - 1);
		filter->any = true;
		break;
	case OPT_UID:
		filter->uid = (uint32_t)arg_number("--uid", optarg, UINT32_MAX - 1);
		filter->any = true;
		break;
	default:
		return false;
	}
	return true;
}

static void parse_format(struct follow *follow, const char **colour, int c)
{
	switch (c) {
	case 'c':
		follow->channel = optarg;
		break;
	case 'o':
		set_output(follow, optarg);
		break;
	case OPT_JSON:
		follow->format.style = STYLE_JSON;
		break;
	case 'x':
		follow->format.decode = true;
		break;
	case OPT_COLOR:
		*colour = optarg ? optarg : "always";
		break;
	case OPT_UTC:
		follow->format.utc = true;
		break;
	case OPT_STRICT:
		follow->strict = true;
		break;
	case 'q':
		follow->quiet = true;
		break;
	case OPT_NO_PAGER:
		break;
	case 'h':
		print_help();
	default:
		arg_bad_option();
	}
}

/* A terminal acts on control bytes; so will the one at the end of "less -R". */
static void set_colour(struct format *format, const char *when)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
	bool terminal = isatty(STDOUT_FILENO);

	if (!strcmp(when, "always"))
		format->colour = true;
	else if (!strcmp(when, "auto"))
		format->colour = terminal && !(no_color && *no_color) && term &&
				 strcmp(term, "dumb") != 0;
	else if (strcmp(when, "never") != 0)
		usage("--color=%s: not auto, always or never", when);
	format->escape = terminal || format->colour;
	if (format->style == STYLE_JSON)
		format->colour = false;
}

/* One that others may write to may be truncated by them while it is mapped. */
void follow_distrust(struct follow *follow)
{
	struct stat st;

	if (stat(follow->path, &st) || !S_ISREG(st.st_mode))
		return;
	if ((st.st_uid != geteuid() && st.st_uid != 0) || st.st_mode & 022)
		follow->options.flags |= MEMLOG_READ_NO_MMAP;
}

void follow_parse(struct follow *follow, int argc, char **argv)
{
	const char *colour = "auto";
	int c;

	while ((c = getopt_long(argc, argv, "c:fwdn:m:arp:l:S:U:g:t:u:o:xqh", options,
				NULL)) != -1)
		if (!parse_range(follow, c) && !parse_filter(&follow->filter, c))
			parse_format(follow, &colour, c);
	if (follow->reverse && follow->live)
		usage("-r shows what there is, -f has no end");
	set_colour(&follow->format, colour);
}

const char follow_help[] =
"usage: memlog follow [OPTION]... [CHANNEL]\n"
"Shows the records of CHANNEL (memlog), then new ones as they come. What was lost\n"
"is told in its place.\n"
"  -f, --follow             go on with new ones: this is so unless -d is given\n"
"  -d, --no-follow          end behind the newest record\n"
"  -n, --lines N            begin with the last N records that are to be shown\n"
"  -S, --since TIME         begin at that time: -5m, 12:00, yesterday, RFC 3339\n"
"  -U, --until TIME         end at that time\n"
"      --from STREAM:SEQ    begin with that record\n"
"  -a, --all                begin at the oldest, not where \"memlog clear\" was\n"
"  -r, --reverse            the newest first; implies -d\n"
"  -m, --max-count N        end after N records\n"
"      --archive DIR        what CHANNEL no longer has comes from its archive\n"
"      --wait               wait for CHANNEL to come into being\n"
"  -p, --priority LEVEL     that and more severe; err..info, =debug, or a list\n"
"  -g, --grep TEXT          with that text, or a match: /REGEX/, /REGEX/i\n"
"  -t, --comm NAME          from that program; again for others; --pid N --uid N\n"
"  -u, --unit NAME          from that service: the cgroup NAME or NAME.service\n"
"  -o, --output FORMAT      short, short-precise, short-iso, short-iso-precise,\n"
"                           short-unix, cat, json, verbose; --json, --utc\n"
"  -x, --decode             show facility and level\n"
"      --color=WHEN         auto, always, never\n"
"      --strict             exit status 1 if records were lost\n"
"  -q, --quiet              no totals and hints on standard error\n";
