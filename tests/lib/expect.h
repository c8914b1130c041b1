/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a fixture with a path, a reader, a rec and a text expects to read.
 */
#ifndef TESTS_LIB_EXPECT_H
#define TESTS_LIB_EXPECT_H

/* A reader of all there is now. */
#define READ_ALL()							\
	do {								\
		memlog_reader_close(self->reader);			\
		self->reader = NULL;					\
		ASSERT_EQ(0, memlog_reader_open(&self->reader, self->path, NULL)); \
	} while (0)

#define NEXT()	memlog_next(self->reader, &self->rec, &self->text)

#define EXPECT_TEXT(str)						\
	do {								\
		ASSERT_EQ(MEMLOG_RECORD, NEXT());			\
		EXPECT_EQ(strlen(str), self->rec->len);			\
		EXPECT_EQ(0, memcmp(self->text, str, self->rec->len));	\
	} while (0)

#endif
