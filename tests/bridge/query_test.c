// SPDX-License-Identifier: GPL-2.0-only
/*
 * Queries: their parameters, what is said about bad ones, and which records pass.
 * What a pattern means is pattern_test's.
 */
#include <limits.h>
#include <mntent.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "cgroup_name.h"
#include "kselftest_harness.h"
#include "query.h"
#include "service.h"

FIXTURE(query)
{
	struct query *query;
	char why[QUERY_WHY_SIZE];
};

FIXTURE_SETUP(query)
{
	self->query = query_new(true, FORMAT_TEXT);
	ASSERT_NE(NULL, self->query);
	self->why[0] = '\0';
}

FIXTURE_TEARDOWN(query)
{
	query_put(self->query);
}

static int set(FIXTURE_DATA(query) *self, const char *name, const char *value)
{
	return query_set(self->query, name, value, self->why);
}

static bool match(FIXTURE_DATA(query) *self, const char *text, struct memlog_record rec)
{
	rec.len = (uint32_t)strlen(text);
	return filter_match(&self->query->filter, &rec, text);
}

#define EXPECT_WHY(part)							\
	EXPECT_NE(NULL, strstr(self->why, part)) TH_LOG("%s", self->why)

TEST_F(query, plain)
{
	EXPECT_TRUE(query_is_plain(self->query));
	ASSERT_EQ(0, set(self, "tail", "10"));
	ASSERT_EQ(0, set(self, "format", "json"));
	ASSERT_EQ(0, set(self, "level", "debug"));
	ASSERT_EQ(0, set(self, "grep", ""));
	EXPECT_TRUE(query_is_plain(self->query));
	ASSERT_EQ(0, set(self, "until", "+1h"));
	EXPECT_FALSE(query_is_plain(self->query));
}

TEST_F(query, not_plain)
{
	static const char *const params[][2] = {
		{ "follow", "0" }, { "level", "err" }, { "grep", "a" }, { "grep", "/a/" },
		{ "field", "pid=1" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(params); i++) {
		struct query *query = query_new(true, FORMAT_JSON);

		EXPECT_EQ(0, query_set(query, params[i][0], params[i][1], self->why));
		EXPECT_FALSE(query_is_plain(query)) TH_LOG("%s", params[i][0]);
		query_put(query);
	}
}

TEST_F(query, values)
{
	const struct memlog_reader_options *opt = &self->query->options;

	ASSERT_EQ(0, set(self, "since", "@100.5"));
	ASSERT_EQ(0, set(self, "until", "1970-01-01T00:10:00Z"));
	ASSERT_EQ(0, set(self, "tail", "0"));
	ASSERT_EQ(0, set(self, "from", "00000000000000ff:18446744073709551615"));
	ASSERT_EQ(0, set(self, "follow", "0"));
	ASSERT_EQ(0, set(self, "format", "ndjson"));
	EXPECT_EQ(sizeof(*opt), opt->size);
	EXPECT_EQ(MEMLOG_READ_SINCE | MEMLOG_READ_UNTIL | MEMLOG_READ_TAIL | MEMLOG_READ_FROM,
		  opt->flags);
	EXPECT_EQ(100500000000ULL, opt->since_ns);
	EXPECT_EQ(600000000000ULL, opt->until_ns);
	EXPECT_EQ(0, opt->tail);
	EXPECT_EQ(255, opt->from_stream);
	EXPECT_EQ(UINT64_MAX, opt->from_seq);
	EXPECT_FALSE(self->query->follow);
	EXPECT_EQ(FORMAT_NDJSON, self->query->format);
	EXPECT_TRUE(self->query->format_set);
}

TEST_F(query, relative_time)
{
	struct timespec now;
	uint64_t expected;

	ASSERT_EQ(0, set(self, "since", "-5m"));
	clock_gettime(CLOCK_REALTIME, &now);
	expected = ((uint64_t)now.tv_sec - 300) * 1000000000ULL;
	EXPECT_LE(expected - 60000000000ULL, self->query->options.since_ns);
	EXPECT_GE(expected + 1000000000ULL, self->query->options.since_ns);
}

TEST_F(query, bad)
{
	static const struct {
		const char *name, *value, *why;
	} bad[] = {
		{ "since", "noon", "since: \"noon\" is no time; expected 2024-" },
		{ "since", "", "since: \"\"" },
		{ "until", "2024-13-01", "until: \"2024-13-01\" is no time" },
		{ "tail", "-1", "tail: \"-1\" is no number" },
		{ "tail", "18446744073709551616", "tail: " },
		{ "tail", "", "tail: \"\"" },
		{ "from", "1:2", "from: \"1:2\" names no record; expected SEQ" },
		{ "from", "x", "from: \"x\"" },
		{ "follow", "yes", "follow: \"yes\" is neither 0" },
		{ "follow", "", "follow: \"\"" },
		{ "format", "xml", "format: \"xml\" is no format; expected text, json" },
		{ "format", "", "format: \"\"" },
		{ "level", "loud", "level: \"loud\" is no level; expected one of emerg" },
		{ "level", "", "level: \"\"" },
		{ "grep", "/(/", "grep: \"/(/\": there is no ) for a (" },
		{ "grep", "/a\xff/", "grep: \"/a\\xff/\": it is not valid UTF-8" },
		{ "field", "pid", "field: \"pid\" is not allowed; expected NAME=VALUE" },
		{ "field", "=1", "expected NAME=VALUE" },
		{ "field", "pi=1", "expected NAME=VALUE" },
		{ "field", "pidx=1", "expected NAME=VALUE" },
		{ "field", "pid=x", "expected pid=a number up to 4294967295" },
		{ "field", "pid=4294967296", "expected pid=a number" },
		{ "field", "uid=-1", "expected uid=a number" },
		{ "field", "type=65536", "expected type=a number up to 65535" },
		{ "field", "facility=24", "expected facility=kern, user" },
		{ "field", "facility=unknown", "expected facility=kern, user" },
		{ "field", "comm=0123456789abcdef", "expected comm=a name of at most 15" },
		{ "Tail", "1", "\"Tail\" is no parameter; expected since, until" },
		{ "", "", "\"\" is no parameter" },
		{ "a\r\nb\"\x7f", "", "\"a\\x0d\\x0ab\\\"\\x7f\" is no parameter" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct query *query = query_new(false, FORMAT_TEXT);

		EXPECT_EQ(-EINVAL, query_set(query, bad[i].name, bad[i].value, self->why));
		EXPECT_WHY(bad[i].why);
		EXPECT_EQ(NULL, strchr(self->why, '\n'));
		query_put(query);
	}
}

TEST_F(query, long_value_is_cut)
{
	char value[5000];

	memset(value, 0xff, sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	EXPECT_EQ(-EINVAL, set(self, "since", value));
	EXPECT_WHY("\\xff...\" is no time");
	EXPECT_EQ(-EINVAL, set(self, value, "1"));
	EXPECT_WHY("...\" is no parameter");
	EXPECT_EQ(-EINVAL, set(self, "grep", value));
	EXPECT_WHY("is too long");
	EXPECT_EQ(-EINVAL, set(self, "field", value));
	EXPECT_EQ(-EINVAL, set(self, "level", value));
	EXPECT_GT(QUERY_WHY_SIZE, strlen(self->why));
}

TEST_F(query, twice)
{
	static const char *const params[][2] = {
		{ "since", "@1" }, { "until", "@2" }, { "tail", "1" }, { "from", "1" },
		{ "level", "err" }, { "grep", "a" }, { "follow", "1" }, { "format", "text" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(params); i++) {
		ASSERT_EQ(0, set(self, params[i][0], params[i][1])) TH_LOG("%s", self->why);
		EXPECT_EQ(-EINVAL, set(self, params[i][0], params[i][1]));
		EXPECT_WHY("besides another one");
	}
	for (int i = 0; i < FILTER_FIELDS_MAX; i++)
		EXPECT_EQ(0, set(self, "field", "pid=1"));
	EXPECT_EQ(-EINVAL, set(self, "field", "pid=1"));
	EXPECT_WHY("at most 32");
}

TEST_F(query, times_in_order)
{
	struct query *other = query_new(true, FORMAT_TEXT);

	ASSERT_EQ(0, set(self, "since", "@200"));
	EXPECT_EQ(-EINVAL, set(self, "until", "@100"));
	EXPECT_WHY("until: \"@100\" makes since later");
	ASSERT_EQ(0, query_set(other, "until", "@100", self->why));
	EXPECT_EQ(-EINVAL, query_set(other, "since", "@200", self->why));
	EXPECT_WHY("since: \"@200\" makes since later");
	query_put(other);
}

TEST_F(query, refs)
{
	EXPECT_EQ(NULL, query_get(NULL));
	query_put(NULL);
	ASSERT_EQ(0, set(self, "grep", "/a/"));
	EXPECT_EQ(self->query, query_get(self->query));
	query_put(self->query);
	EXPECT_TRUE(match(self, "a", (struct memlog_record){ 0 }));
}

TEST_F(query, levels)
{
	ASSERT_EQ(0, set(self, "level", "crit..warning,=debug"));
	for (uint8_t pri = 0; pri < 192; pri++) {
		struct memlog_record rec = { .pri = pri };
		unsigned int level = pri & 7;

		EXPECT_EQ(level == 7 || (level >= 2 && level <= 4), match(self, "", rec));
	}
}

TEST_F(query, literal)
{
	struct memlog_record rec = { 0 };

	ASSERT_EQ(0, set(self, "grep", "/a(\n"));
	EXPECT_TRUE(match(self, "x/a(\ny\n", rec));
	EXPECT_FALSE(match(self, "x/a(\n", rec));
	EXPECT_FALSE(match(self, "x/A(\ny\n", rec));
	EXPECT_FALSE(match(self, "", rec));
}

TEST_F(query, slashes)
{
	struct memlog_record rec = { 0 };
	static const struct {
		const char *grep, *yes, *no;
	} cases[] = {
		{ "/", "a/b", "ab" },
		{ "//", "", NULL },
		{ "/x", "a/x", "x" },
		{ "/a/g", "b/a/g", "a" },
		{ "a/", "a/", "a" },
		{ "/a/b/", "xa/bx", "ab" },
		{ "/A/i", "a", "b" },
		{ "/^a$/", "a\n", "a\n\n" },
		{ "/\\.$/", "end.\n", "end" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct query *query = self->query;

		self->query = query_new(true, FORMAT_TEXT);
		EXPECT_EQ(0, set(self, "grep", cases[i].grep));
		EXPECT_TRUE(match(self, cases[i].yes, rec)) TH_LOG("%s", cases[i].grep);
		EXPECT_FALSE(cases[i].no && match(self, cases[i].no, rec))
			TH_LOG("%s", cases[i].grep);
		query_put(self->query);
		self->query = query;
	}
}

static uint64_t thread_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* However little of it PCRE2 counts: one that does not come to an end lets pass. */
TEST_F(query, slow_patterns)
{
	static const char *const patterns[] = {
		"/a(?=.*y)/", "/a(?=.*(?=.*y))/", "/a(?=.*(?=.*(?=.*y)))/", "/(a|aa)+$/",
	};
	struct memlog_record rec = { 0 };
	static char text[65536];

	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 2] = '!';
	for (size_t i = 0; i < ARRAY_SIZE(patterns); i++) {
		struct query *query = self->query;
		uint64_t began;

		self->query = query_new(true, FORMAT_TEXT);
		ASSERT_EQ(0, set(self, "grep", patterns[i]));
		began = thread_ms();
		EXPECT_TRUE(match(self, text, rec)) TH_LOG("%s", patterns[i]);
		EXPECT_GT(1000, thread_ms() - began) TH_LOG("%s", patterns[i]);
		query_put(self->query);
		self->query = query;
	}
}

TEST_F(query, fields)
{
	struct memlog_record rec = {
		.pid = 7, .uid = 1000, .type = 3, .pri = 4 * 8 + 6, .comm = "sshd",
	};

	ASSERT_EQ(0, set(self, "field", "comm=cron"));
	EXPECT_FALSE(match(self, "", rec));
	ASSERT_EQ(0, set(self, "field", "comm=sshd"));
	EXPECT_TRUE(match(self, "", rec));
	ASSERT_EQ(0, set(self, "field", "pid=7"));
	ASSERT_EQ(0, set(self, "field", "uid=1000"));
	ASSERT_EQ(0, set(self, "field", "type=3"));
	ASSERT_EQ(0, set(self, "field", "facility=auth"));
	EXPECT_TRUE(match(self, "", rec));
	rec.pri = 5 * 8 + 6;
	EXPECT_FALSE(match(self, "", rec));
	ASSERT_EQ(0, set(self, "field", "facility=5"));
	EXPECT_TRUE(match(self, "", rec));
	rec.uid = MEMLOG_ID_NONE;
	EXPECT_FALSE(match(self, "", rec));
	ASSERT_EQ(0, set(self, "field", "uid=4294967295"));
	EXPECT_TRUE(match(self, "", rec));
	rec.type = 4;
	EXPECT_FALSE(match(self, "", rec));
	rec.type = 3;
	rec.pid = 8;
	EXPECT_FALSE(match(self, "", rec));
	rec.pid = 7;
	strcpy(rec.comm, "sshd2");
	EXPECT_FALSE(match(self, "", rec));
}

TEST_F(query, comm_without_end)
{
	struct memlog_record rec = { 0 };

	memset(rec.comm, 'x', sizeof(rec.comm));
	ASSERT_EQ(0, set(self, "field", "comm=xxxxxxxxxxxxxxx"));
	EXPECT_FALSE(match(self, "", rec));
}

static void *match_often(void *arg)
{
	FIXTURE_DATA(query) *self = arg;
	struct memlog_record rec = { 0 };
	long wrong = 0;

	for (int i = 0; i < 2000; i++) {
		wrong += !match(self, "the quick brown fox\n", rec);
		wrong += match(self, "the slow brown \xff fox\n", rec);
	}
	return (void *)wrong;
}

TEST_F(query, threads)
{
	pthread_t threads[4];
	void *wrong;

	ASSERT_EQ(0, set(self, "grep", "/(QUICK|fast) \\w+ (?=fox$)/i"));
	for (int i = 0; i < 4; i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, match_often, self));
	for (int i = 0; i < 4; i++) {
		ASSERT_EQ(0, pthread_join(threads[i], &wrong));
		EXPECT_EQ(NULL, wrong);
	}
}

/* A cgroup of ours, and the root. */
struct cgroups {
	char path[PATH_MAX];
	const char *name;
	uint64_t id;
	uint64_t root;
};

static bool take_root(void *arg, uint64_t id, const char *name)
{
	struct cgroups *groups = arg;

	groups->root = id;
	return false;
}

static bool cgroups_make(struct cgroups *groups)
{
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	struct mntent *mount;
	struct stat st;

	while (mounts && (mount = getmntent(mounts)) && strcmp(mount->mnt_type, "cgroup2"))
		;
	if (!mounts || !mount || memlog_cgroup_walk(take_root, groups))
		return false;
	groups->name = groups->path + strlen(mount->mnt_dir) + 1;
	snprintf(groups->path, sizeof(groups->path), "%s/memlog-test-%d.service",
		 mount->mnt_dir, getpid());
	endmntent(mounts);
	if (mkdir(groups->path, 0755) || stat(groups->path, &st))
		return false;
	groups->id = st.st_ino;
	return true;
}

TEST_F(query, service)
{
	struct memlog_record rec = { 0 };
	struct cgroups groups = { 0 };
	char value[300];

	EXPECT_STREQ("", service_name(0));
	EXPECT_STREQ("", service_name(0xffffffffffff0000ULL));
	if (!cgroups_make(&groups))
		SKIP(return, "no cgroup can be made: no cgroup2, or not root");
	EXPECT_STREQ("", service_name(groups.root));
	EXPECT_STREQ(groups.name, service_name(groups.id));
	EXPECT_EQ(0, rmdir(groups.path));
	snprintf(value, sizeof(value), "service=memlog-test-%d", getpid());
	ASSERT_EQ(0, set(self, "field", value));
	rec.cgroup = groups.id;
	EXPECT_TRUE(match(self, "", rec));
	rec.cgroup = groups.root;
	EXPECT_FALSE(match(self, "", rec));
}

TEST_F(query, unit_names)
{
	EXPECT_TRUE(memlog_cgroup_is_unit("ssh.service", "ssh"));
	EXPECT_TRUE(memlog_cgroup_is_unit("ssh.service", "ssh.service"));
	EXPECT_TRUE(memlog_cgroup_is_unit("", ""));
	EXPECT_FALSE(memlog_cgroup_is_unit("sshd.service", "ssh"));
	EXPECT_FALSE(memlog_cgroup_is_unit("ssh.socket", "ssh"));
	EXPECT_FALSE(memlog_cgroup_is_unit("ssh.servic", "ssh.service"));
	EXPECT_FALSE(memlog_cgroup_is_unit("", "ssh"));
}

/*
 * Ids that are asked for without end cost a twentieth of the time, and push out
 * none that is known, be it gone.
 */
TEST_F(query, service_flood)
{
	struct cgroups groups = { 0 };
	struct timespec begin, now;
	double seconds;

	if (!cgroups_make(&groups))
		SKIP(return, "no cgroup can be made: no cgroup2, or not root");
	EXPECT_STREQ(groups.name, service_name(groups.id));
	EXPECT_EQ(0, rmdir(groups.path));
	clock_gettime(CLOCK_MONOTONIC, &begin);
	for (uint64_t id = 1ULL << 40; id < (1ULL << 40) + 300000; id++)
		EXPECT_STREQ("", service_name(id));
	clock_gettime(CLOCK_MONOTONIC, &now);
	seconds = (double)(now.tv_sec - begin.tv_sec) + (double)(now.tv_nsec - begin.tv_nsec) / 1e9;
	TH_LOG("300,000 unknown ids in %.3f s", seconds);
	EXPECT_GT(5.0, seconds);
	EXPECT_STREQ(groups.name, service_name(groups.id));
}

TEST_HARNESS_MAIN
