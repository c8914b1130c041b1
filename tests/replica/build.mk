# SPDX-License-Identifier: GPL-2.0-only
# Replicas: make_year makes archives to be copied; the tests are in Python.

REPLICA_TEST_BIN := $(BUILD)/tests/replica
REPLICA_TESTS    := $(REPLICA_TEST_BIN)/make_year

TESTS     += $(REPLICA_TESTS) $(REPLICA)
SAN_TESTS += $(REPLICA_TESTS) $(REPLICA)

$(REPLICA_TEST_BIN)/make_year: tests/replica/make_year.c $(ARCHIVE_OBJS) $(BUILD)/libmemlog.a
	@mkdir -p $(@D)
	$(CC) $(ML_CFLAGS) $(CFLAGS) -pthread -MMD -MP -o $@ $< $(ARCHIVE_OBJS) $(BUILD)/libmemlog.a

-include $(REPLICA_TESTS:=.d)
