# SPDX-License-Identifier: GPL-2.0-only
# The library's tests: most run here, also under the sanitizers; device_test
# needs /dev/memlog.

LIB_TEST_BIN   := $(BUILD)/tests/lib
LIB_TEST_NAMES := parse json embedded damage gap wake watch account
LIB_TESTS      := $(LIB_TEST_NAMES:%=$(LIB_TEST_BIN)/%_test)
LIB_TEST_HDRS  := tests/lib/common.h tests/lib/expect.h libmemlog/memlog.h kmod/uapi/linux/memlog.h

# The harness compares what it is given, whatever the sign, and its functions
# have no prototypes.
LIB_TEST_CFLAGS := $(KSELFTEST_CFLAGS) -Wno-sign-compare -Wno-missing-prototypes \
		   -pthread $(if $(filter thread,$(SANITIZE)),-Wno-tsan)

TESTS     += $(LIB_TESTS) $(LIB_TEST_BIN)/device_test
SAN_TESTS += $(LIB_TESTS)

$(LIB_TEST_BIN)/%_test: tests/lib/%_test.c $(LIB_TEST_HDRS) $(BUILD)/libmemlog.a \
			| $(KSELFTEST_H)
	@mkdir -p $(@D)
	$(CC) $(ML_CFLAGS) $(CFLAGS) $(LIB_TEST_CFLAGS) -o $@ $< $(BUILD)/libmemlog.a
