// SPDX-License-Identifier: GPL-2.0-only
/*
 * The bridge's edge by itself: options, addresses, limits, proxies, bodies.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "activate.h"
#include "config.h"
#include "forwarded.h"
#include "incoming.h"
#include "limit.h"
#include "metrics.h"
#include "option_table.h"
#include "kselftest_harness.h"

static struct address address_of(const char *text)
{
	struct address address = { 0 };

	if (!address_parse(&address, text, strlen(text)))
		address.kind = 0;
	return address;
}

TEST(addresses)
{
	static const char *const good[][2] = {
		{ "1.2.3.4", "1.2.3.4" }, { "1.2.3.4:80", "1.2.3.4" }, { "::1", "::1" },
		{ "[::1]", "::1" }, { "[::1]:80", "::1" }, { "::ffff:1.2.3.4", "1.2.3.4" },
		{ "2001:DB8::1", "2001:db8::1" },
	};
	static const char *const bad[] = {
		"", "1.2.3", "1.2.3.4.5", "[::1", "[]", ":80", "unknown", "_hidden", "1.2.3.4 ",
		"::1%eth0", "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000",
	};
	char text[ADDRESS_SIZE];

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		struct address address = address_of(good[i][0]);

		ASSERT_NE(0, address.kind) TH_LOG("%s", good[i][0]);
		address_format(&address, text);
		EXPECT_STREQ(good[i][1], text);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(0, address_of(bad[i]).kind) TH_LOG("%s", bad[i]);
	}
	EXPECT_FALSE(address_parse(&(struct address){ 0 }, "1.2.3.4\0" "5", 9));
}

TEST(networks)
{
	static const struct {
		const char *net;
		const char *in;
		const char *out;
	} nets[] = {
		{ "10.0.0.0/8", "10.255.1.2", "11.0.0.0" }, { "10.1.2.3", "10.1.2.3", "10.1.2.2" },
		{ "0.0.0.0/0", "255.1.2.3", "::1" }, { "10.1.2.128/25", "10.1.2.255", "10.1.2.127" },
		{ "2001:db8::/33", "2001:db8:7fff::1", "2001:db8:8000::1" },
		{ "::1", "::1", "127.0.0.1" }, { "::1/128", "::1", "::2" },
	};
	static const char *const bad[] = {
		"", "/8", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/8/8", "10.0.0.0/-1", "::1/129",
		"[::1]", "1.2.3.4:80", "host", "unix/8", "10.0.0.0/8 ",
	};
	struct net net;

	for (size_t i = 0; i < ARRAY_SIZE(nets); i++) {
		struct address in = address_of(nets[i].in), out = address_of(nets[i].out);

		ASSERT_TRUE(net_parse(&net, nets[i].net)) TH_LOG("%s", nets[i].net);
		EXPECT_TRUE(net_has(&net, &in)) TH_LOG("%s", nets[i].net);
		EXPECT_FALSE(net_has(&net, &out)) TH_LOG("%s", nets[i].net);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_FALSE(net_parse(&net, bad[i])) TH_LOG("%s", bad[i]);
	}
	ASSERT_TRUE(net_parse(&net, "unix"));
	EXPECT_TRUE(net_has(&net, &(struct address){ .kind = AF_UNIX }));
}

TEST(proxies)
{
	static char *trusted[] = { "10.0.0.0/8", "::1" };
	struct options options = { .proxies = { trusted, 2 } };
	static const struct {
		const char *header;
		const char *client;
	} cases[] = {
		{ "1.2.3.4", "1.2.3.4" }, { " 6.6.6.6 ,1.2.3.4, 10.0.0.1 ", "1.2.3.4" },
		{ "10.0.0.2,10.0.0.1", "10.0.0.2" }, { "", NULL }, { ",", NULL },
		{ "unknown", NULL }, { "6.6.6.6, unknown", NULL },
		{ "junk, 10.0.0.3", "10.0.0.3" }, { "1.2.3.4,", NULL },
		{ "[2001:db8::1]:99", "2001:db8::1" }, { "6.6.6.6, ::1", "6.6.6.6" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct address address;
		char text[ADDRESS_SIZE] = "";
		bool found = forwarded_for(&options, cases[i].header, &address);

		ASSERT_EQ(!!cases[i].client, found) TH_LOG("%s", cases[i].header);
		if (found)
			address_format(&address, text);
		EXPECT_STREQ(cases[i].client ? cases[i].client : "", text);
	}
}

FIXTURE(limits)
{
	struct limits limits;
};

FIXTURE_SETUP(limits)
{
	ASSERT_EQ(0, limits_init(&self->limits, 10, 4));
}

FIXTURE_TEARDOWN(limits)
{
	limits_uninit(&self->limits);
}

TEST_F(limits, counting)
{
	struct address a = address_of("1.2.3.4"), b = address_of("2001:db8::1");
	struct address same = address_of("2001:db8::ffff"), other = address_of("2001:db8:0:1::1");
	struct peer *peers[10];

	for (int i = 0; i < 4; i++)
		ASSERT_NE(NULL, (peers[i] = limit_enter(&self->limits, &a, false)));
	EXPECT_EQ(NULL, limit_enter(&self->limits, &a, false));
	ASSERT_NE(NULL, (peers[4] = limit_enter(&self->limits, &a, true)));
	for (int i = 5; i < 9; i++)
		ASSERT_NE(NULL, (peers[i] = limit_enter(&self->limits, i % 2 ? &b : &same, false)));
	EXPECT_EQ(NULL, limit_enter(&self->limits, &b, false));
	ASSERT_NE(NULL, (peers[9] = limit_enter(&self->limits, &other, false)));
	EXPECT_EQ(10, limits_clients(&self->limits));
	limits_change(&self->limits, 5, 4);
	EXPECT_EQ(NULL, limit_enter(&self->limits, &other, false));
	EXPECT_EQ(NULL, limit_move(&self->limits, peers[9], &b));
	limit_leave(&self->limits, peers[5]);
	EXPECT_EQ(peers[6], limit_move(&self->limits, peers[9], &b));
	EXPECT_EQ(peers[6], limit_move(&self->limits, peers[6], &same));
	for (int i = 0; i < 5; i++)
		limit_leave(&self->limits, peers[i]);
	for (int i = 6; i < 10; i++)
		limit_leave(&self->limits, peers[6]);
	EXPECT_EQ(0, limits_clients(&self->limits));
	EXPECT_EQ(0, self->limits.peers);
}

TEST_F(limits, many_addresses)
{
	enum { MANY = 20000 };
	struct peer **peers = calloc(MANY, sizeof(*peers));
	struct address address = { .kind = AF_INET };

	ASSERT_NE(NULL, peers);
	limits_change(&self->limits, MANY, 1);
	for (uint32_t i = 0; i < MANY; i++) {
		memcpy(address.bytes, &i, sizeof(i));
		ASSERT_NE(NULL, (peers[i] = limit_enter(&self->limits, &address, false)));
	}
	EXPECT_LE(MANY, self->limits.bucket_count);
	EXPECT_EQ(MANY, self->limits.peers);
	for (uint32_t i = 0; i < MANY; i++)
		limit_leave(&self->limits, peers[i]);
	EXPECT_EQ(0, self->limits.peers);
	free(peers);
}

TEST_F(limits, wrong_tokens)
{
	struct address a = address_of("1.2.3.4"), b = address_of("1.2.3.5");
	struct peer *peer = limit_enter(&self->limits, &a, false);
	struct peer *other = limit_enter(&self->limits, &b, false);

	for (int i = 0; i < WRONG_MAX; i++)
		EXPECT_TRUE(limit_wrong(&self->limits, peer));
	EXPECT_FALSE(limit_wrong(&self->limits, peer));
	EXPECT_TRUE(limit_wrong(&self->limits, other));
	/* coming back does not help, waiting does */
	limit_leave(&self->limits, peer);
	peer = limit_enter(&self->limits, &a, false);
	EXPECT_FALSE(limit_wrong(&self->limits, peer));
	peer->wrong_time -= 2 * WRONG_SECONDS;
	EXPECT_TRUE(limit_wrong(&self->limits, peer));
	EXPECT_TRUE(limit_wrong(&self->limits, peer));
	EXPECT_FALSE(limit_wrong(&self->limits, peer));
	EXPECT_EQ(WRONG_MAX + 6, self->limits.wrong);
	limit_leave(&self->limits, peer);
	limit_leave(&self->limits, other);
}

static int parse(struct options *options, char **argv)
{
	int argc = 0;

	while (argv[argc])
		argc++;
	return options_parse(options, argc, argv);
}

#define ARGS(...)	((char *[]){ "memlog-bridge", __VA_ARGS__, NULL })

TEST(options)
{
	struct options options;

	ASSERT_EQ(-1, parse(&options, ARGS("--listen", "[::1]:0", "--listen=unix:/x", "--threads",
					   "3", "--no-devices", "--origin", "https://a.example:1")));
	EXPECT_EQ(2, options.listen.count);
	EXPECT_STREQ("unix:/x", options.listen.values[1]);
	EXPECT_EQ(3, options.threads);
	EXPECT_EQ(1024, options.max_clients);
	EXPECT_TRUE(options.no_devices);
	EXPECT_FALSE(options.verbose);
	options_free(&options);
	EXPECT_EQ(EXIT_USAGE, parse(&options, ARGS("--threads", "65")));
	EXPECT_EQ(EXIT_USAGE, parse(&options, ARGS("--threads", "")));
	EXPECT_EQ(EXIT_USAGE, parse(&options, ARGS("--threads", "1 ")));
	EXPECT_EQ(EXIT_USAGE, parse(&options, ARGS("--name", "host:80")));
	EXPECT_EQ(EXIT_USAGE, parse(&options, ARGS("--origin", "https://a/b")));
	EXPECT_EQ(EXIT_USAGE, parse(&options, ARGS("--tail", "a b=/x")));
	EXPECT_EQ(EXIT_USAGE, parse(&options, ARGS("--channel", "a=")));
	EXPECT_EQ(EXIT_USAGE, parse(&options, ARGS("--listen", "unix:")));
	EXPECT_EQ(EXIT_USAGE, parse(&options, ARGS("--archive", "a b=/x")));
	EXPECT_EQ(EXIT_USAGE, parse(&options, ARGS("--archive", "a=")));
	EXPECT_EQ(EXIT_USAGE, parse(&options, ARGS("--sync", "always")));
	EXPECT_EQ(EXIT_USAGE, parse(&options, ARGS("--keep-days", "-1")));
	EXPECT_EQ(EXIT_USAGE, parse(&options, ARGS("--archive-zone", "utc")));
	EXPECT_EQ(EXIT_SYSTEM, parse(&options, ARGS("--config", "/nowhere")));
}

static void write_file(char *path, const char *text)
{
	int fd;

	strcpy(path, "/tmp/memlog-config.XXXXXX");
	fd = mkstemp(path);
	dprintf(fd, "%s", text);
	close(fd);
}

TEST(file_and_command_line)
{
	char path[32];
	struct options options;
	FILE *file;

	write_file(path, "name = a.example\nname = b.example\nthreads = 2\nmax-clients = 7");
	ASSERT_EQ(-1, parse(&options, ARGS("--config", path, "--threads", "4")));
	EXPECT_EQ(2, options.names.count);
	EXPECT_EQ(4, options.threads);
	EXPECT_EQ(7, options.max_clients);
	/* what can't change stays, what is wrong changes nothing */
	file = fopen(path, "w");
	ASSERT_NE(NULL, file);
	fputs("name = c.example\nidle-timeout = 5\nmax-clients = 8\n", file);
	fclose(file);
	EXPECT_EQ(0, options_reload(&options));
	EXPECT_EQ(1, options.names.count);
	EXPECT_STREQ("c.example", options.names.values[0]);
	EXPECT_EQ(8, options.max_clients);
	EXPECT_EQ(60, options.idle_timeout);
	file = fopen(path, "a");
	ASSERT_NE(NULL, file);
	fputs("max-clients = 9\nmax-clients = x\n", file);
	fclose(file);
	EXPECT_EQ(-1, options_reload(&options));
	EXPECT_EQ(8, options.max_clients);
	options_free(&options);
	unlink(path);
}

TEST(every_option_has_its_help)
{
	for (size_t i = 0; i < option_count; i++) {
		const struct option_def *def = &option_table[i];

		EXPECT_EQ(def, option_find(def->name));
		EXPECT_EQ(!!def->check, !!def->expected);
		EXPECT_EQ(def->kind == OPTION_FLAG || def->kind == OPTION_ACTION, !def->arg);
	}
}

TEST(sockets_given)
{
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", getpid());
	setenv("LISTEN_FDS", "2", 1);
	setenv("LISTEN_PID", pid, 1);
	EXPECT_TRUE(activate_given());
	setenv("LISTEN_PID", "1", 1);
	EXPECT_FALSE(activate_given());
	setenv("LISTEN_PID", pid, 1);
	setenv("LISTEN_FDS", "65", 1);
	EXPECT_FALSE(activate_given());
	setenv("LISTEN_FDS", "-1", 1);
	EXPECT_FALSE(activate_given());
	unsetenv("LISTEN_FDS");
	EXPECT_FALSE(activate_given());
	unsetenv("LISTEN_PID");
}

/* The body has a NUL behind it, and one byte more. */
static int incoming(struct incoming *in, bool json, char *copy, const char *text, size_t len)
{
	memcpy(copy, text, len);
	copy[len] = '\0';
	*in = (struct incoming){ 0 };
	return json ? incoming_parse_json(in, copy, len) : incoming_parse_text(in, copy, len);
}

TEST(lines_of_text)
{
	char *copy = malloc(64);
	struct incoming in;

	ASSERT_NE(NULL, copy);
	ASSERT_EQ(0, incoming(&in, false, copy, "a\r\n\n\0b\nc", 8));
	ASSERT_EQ(4, in.count);
	EXPECT_EQ(0, memcmp("a\n", in.records[0].text, in.records[0].len));
	EXPECT_EQ(1, in.records[1].len);
	EXPECT_EQ(3, in.records[2].len);
	EXPECT_EQ(2, in.records[3].len);
	EXPECT_EQ(0, memcmp("c\n", in.records[3].text, 2));
	incoming_free(&in);
	ASSERT_EQ(0, incoming(&in, false, copy, "", 0));
	EXPECT_EQ(0, in.count);
	incoming_free(&in);
	free(copy);
}

TEST(lines_of_json)
{
	static const char *const bad[] = {
		"{", "[]", "{}", "1", "{\"text\":\"\xff\"}", "{\"text\":null}", "{\"base64\":\"a\"}",
		"{\"base64\":\"====\"}", "{\"base64\":\"a===\"}", "{\"base64\":\"YQ==\\u0000\"}",
		"{\"text\":\"a\",\"pri\":-1}", "{\"text\":\"a\",\"pri\":1e3}",
		"{\"text\":\"a\",\"type\":65535}", "{\"text\":\"a\",\"comm\":\"\\u0000a\"}",
		"{\"text\":\"a\"} x", "\xef\xbb\xbf{\"text\":\"a\"}",
	};
	char copy[256];
	struct incoming in;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(-EINVAL, incoming(&in, true, copy, bad[i], strlen(bad[i]))) {
			TH_LOG("%s", bad[i]);
		}
		EXPECT_EQ(0, strncmp("line 1: ", in.why, 8));
		incoming_free(&in);
	}
	ASSERT_EQ(0, incoming(&in, true, copy, " \n{\"base64\":\"AP8=\"}\n\n{\"text\":\"\"}\r\n", 34));
	ASSERT_EQ(2, in.count);
	EXPECT_EQ(2, in.records[0].len);
	EXPECT_EQ(0, memcmp("\0\xff", in.records[0].text, 2));
	EXPECT_EQ(1, in.records[1].len);
	incoming_free(&in);
}

TEST(histogram)
{
	struct histogram h = { 0 };

	metrics_observe(&h, 0);
	metrics_observe(&h, 10000);
	metrics_observe(&h, 10001);
	metrics_observe(&h, UINT64_MAX / 2);
	EXPECT_EQ(2, h.counts[0]);
	EXPECT_EQ(1, h.counts[1]);
	EXPECT_EQ(1, h.counts[HISTOGRAM_BOUNDS]);
	for (unsigned int i = 1; i < HISTOGRAM_BOUNDS; i++)
		EXPECT_LT(metrics_bound(i - 1), metrics_bound(i));
}

TEST_HARNESS_MAIN
