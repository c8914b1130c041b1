// SPDX-License-Identifier: GPL-2.0-only
/* "<N>" before a record: which bytes are one, and what they do. */
#include <ctype.h>
#include <sys/uio.h>

#include "kselftest_harness.h"

#include "device.h"

FIXTURE(prefix)
{
	int wr;
	int rd;
	struct rec_reader rr;
};

FIXTURE_SETUP(prefix)
{
	ASSERT_EQ(0, dev_reset());
	self->wr = dev_open(O_WRONLY);
	ASSERT_LE(0, self->wr);
	self->rd = dev_open(O_RDONLY | O_NONBLOCK);
	ASSERT_LE(0, self->rd);
	ASSERT_EQ(0, dev_format(self->rd, MEMLOG_FORMAT_RECORD, 0));
	ASSERT_EQ(0, dev_go(self->rd, SEEK_END));
	rec_init(&self->rr, self->rd);
}

FIXTURE_TEARDOWN(prefix)
{
	close(self->wr);
	close(self->rd);
	dev_reset();
}

/* The rule once more: bytes of prefix, 0 if it is none. */
static size_t prefix_of(const char *s, size_t n, unsigned int *pri)
{
	unsigned int value = 0;
	size_t i = 1;

	*pri = MEMLOG_PRI_DEFAULT;
	if (!n || s[0] != '<')
		return 0;
	while (i < n && i <= 3 && isdigit((unsigned char)s[i]))
		value = value * 10 + (s[i++] - '0');
	if (i == 1 || i + 1 >= n || s[i] != '>' || value > MEMLOG_PRI_MAX)
		return 0;
	*pri = value < 8 ? value + 8 : value;
	return i + 1;
}

/* Whether writing @s gave the record the rule says. */
static bool record_is(struct rec_reader *rr, const char *s, size_t n)
{
	const struct memlog_record *rec;
	unsigned int pri;
	const char *text;
	size_t skip = prefix_of(s, n, &pri);

	if (rec_next(rr, &rec, &text) != 1)
		return false;
	return rec->len == n - skip && rec->pri == pri && !rec->flags &&
	       !memcmp(text, s + skip, n - skip);
}

static bool write_is(int wr, struct rec_reader *rr, const char *s, size_t n)
{
	if (put(wr, s, n) != (ssize_t)n)
		return false;
	return record_is(rr, s, n);
}

TEST_F(prefix, every_number)
{
	static const struct {
		const char *before;
		int digits;
		const char *after;
	} forms[] = {
		{ "<", 1, ">x" }, { "<", 2, ">x" }, { "<", 3, ">x" },
		{ "<", 4, ">x" }, { "<", 1, ">" }, { "<", 1, ">\n" },
		{ "<", 1, "" }, { "<", 1, " >x" }, { " <", 1, ">x" },
		{ "<+", 1, ">x" }, { "<-", 1, ">x" }, { "<", 1, "x>x" },
		{ "<<", 1, ">x" }, { "<", 1, ">>x" }, { "<", 1, "><14>x" },
	};
	char text[32];
	size_t f;
	int i;

	for (i = 0; i <= 1200; i = i < 200 ? i + 1 : i + 37) {
		for (f = 0; f < ARRAY_SIZE(forms); f++) {
			int n = snprintf(text, sizeof(text), "%s%0*d%s",
					 forms[f].before, forms[f].digits, i,
					 forms[f].after);

			ASSERT_TRUE(write_is(self->wr, &self->rr, text, n)) {
				TH_LOG("wrong record of '%s'", text);
			}
		}
	}
}

/* All strings of up to 6 bytes that begin with '<', over what matters. */
TEST_F_TIMEOUT(prefix, every_string, 120)
{
	static const char alphabet[] = "<>19x";
	const unsigned int base = sizeof(alphabet) - 1;
	unsigned int n, i, count, x;
	char text[8] = "<";
	size_t at;

	for (n = 1, count = 1; n <= 6; n++, count *= base) {
		for (i = 0; i < count; i++) {
			for (at = 1, x = i; at < n; at++, x /= base)
				text[at] = alphabet[x % base];
			ASSERT_TRUE(write_is(self->wr, &self->rr, text, n)) {
				TH_LOG("wrong record of '%.*s'", (int)n, text);
			}
		}
	}
}

TEST_F(prefix, counts_in_the_return_value_only)
{
	const struct memlog_record *rec;
	struct memlog_info before, after;
	const char *text;

	ASSERT_EQ(0, dev_info(self->wr, &before));
	ASSERT_EQ(9, puts_dev(self->wr, "<28>text\n"));
	ASSERT_EQ(0, dev_info(self->wr, &after));
	EXPECT_EQ(before.next_pos + 5, after.next_pos);
	ASSERT_EQ(1, rec_next(&self->rr, &rec, &text));
	EXPECT_EQ(before.next_pos, rec->pos);
	EXPECT_EQ(5, rec->len);
	EXPECT_EQ(28, rec->pri);
}

TEST_F(prefix, split_over_vectors)
{
	static const char s[] = "<173>text\n";
	const size_t n = sizeof(s) - 1;
	size_t a, b;

	for (a = 0; a <= n; a++) {
		for (b = a; b <= n; b++) {
			struct iovec iov[3] = {
				{ (void *)s, a },
				{ (void *)(s + a), b - a },
				{ (void *)(s + b), n - b },
			};

			ASSERT_EQ(n, put_vec(self->wr, iov, 3));
			ASSERT_TRUE(record_is(&self->rr, s, n)) {
				TH_LOG("split at %zu and %zu", a, b);
			}
		}
	}
}

/* Only the first bytes of a write are looked at. */
TEST_F(prefix, one_a_write)
{
	const struct memlog_record *rec;
	const char *text;

	ASSERT_EQ(12, puts_dev(self->wr, "<9>a\n<10>b\n\n"));
	ASSERT_EQ(1, rec_next(&self->rr, &rec, &text));
	EXPECT_EQ(9, rec->pri);
	ASSERT_EQ(9, rec->len);
	EXPECT_EQ(0, memcmp(text, "a\n<10>b\n\n", 9));
}

TEST_F(prefix, holds_for_every_piece)
{
	const struct memlog_record *rec;
	size_t len = 4 + 10000, sum = 0;
	const char *text;
	char *buf = malloc(len);

	ASSERT_NE(NULL, buf);
	memset(buf, 'h', len);
	memcpy(buf, "<17>", 4);
	/* Where a piece begins it is text. */
	memcpy(buf + 4 + 4096, "<18>", 4);
	buf[4 + 4095] = '\n';
	ASSERT_EQ(len, put(self->wr, buf, len));
	while (rec_next(&self->rr, &rec, &text) == 1) {
		EXPECT_EQ(17, rec->pri);
		EXPECT_EQ(0, memcmp(text, buf + 4 + sum, rec->len));
		sum += rec->len;
	}
	EXPECT_EQ(10000, sum);
	free(buf);
}

/* max_record is of text: a prefix takes nothing of it. */
TEST_F(prefix, before_a_record_of_max_record)
{
	const struct memlog_record *rec;
	char buf[5 + DEFAULT_MAX_RECORD];
	const char *text;

	memset(buf, 'm', sizeof(buf));
	memcpy(buf, "<100>", 5);
	ASSERT_EQ(sizeof(buf), put(self->wr, buf, sizeof(buf)));
	ASSERT_EQ(1, rec_next(&self->rr, &rec, &text));
	EXPECT_EQ(100, rec->pri);
	EXPECT_EQ(DEFAULT_MAX_RECORD, rec->len);
	EXPECT_EQ(0, rec->flags);
	EXPECT_EQ(0, rec_next(&self->rr, &rec, &text));
}

TEST_F(prefix, then_a_fault)
{
	struct iovec iov[2] = { { "<17>", 4 }, { (void *)8, 10 } };
	struct iovec split[2] = { { "<1", 2 }, { (void *)8, 10 } };
	__u64 next = dev_next(self->wr);

	EXPECT_EQ(-EFAULT, put_vec(self->wr, iov, 2));
	EXPECT_EQ(-EFAULT, put_vec(self->wr, split, 2));
	EXPECT_EQ(next, dev_next(self->wr));
}

TEST_F(prefix, not_of_a_stamped_file)
{
	const struct memlog_record *rec;
	const char *text;

	ASSERT_EQ(0, dev_stamp(self->wr, 0, 30));
	ASSERT_EQ(6, puts_dev(self->wr, "<17>x\n"));
	ASSERT_EQ(1, rec_next(&self->rr, &rec, &text));
	EXPECT_EQ(30, rec->pri);
	EXPECT_EQ(6, rec->len);
}

TEST_HARNESS_MAIN
