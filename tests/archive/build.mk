# SPDX-License-Identifier: GPL-2.0-only
# Archives: their bytes, their dates, what writes them, and what a crash leaves.

ARCHIVE_TEST_BIN   := $(BUILD)/tests/archive
ARCHIVE_TEST_NAMES := $(patsubst tests/archive/%_test.c,%,$(wildcard tests/archive/*_test.c))
ARCHIVE_TESTS      := $(ARCHIVE_TEST_NAMES:%=$(ARCHIVE_TEST_BIN)/%_test)

TESTS     += $(ARCHIVE_TESTS)
SAN_TESTS += $(ARCHIVE_TESTS)

$(ARCHIVE_TEST_BIN)/%_test: tests/archive/%_test.c $(ARCHIVE_OBJS) $(BUILD)/libmemlog.a \
			    | $(KSELFTEST_H)
	@mkdir -p $(@D)
	$(CC) $(ML_CFLAGS) $(CFLAGS) $(LIB_TEST_CFLAGS) -MMD -MP -o $@ $< $(ARCHIVE_OBJS) \
		$(BUILD)/libmemlog.a

-include $(ARCHIVE_TESTS:=.d)
