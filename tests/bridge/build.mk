# SPDX-License-Identifier: GPL-2.0-only
# The bridge: its parts without sockets (C), the whole of it with real clients
# (Python), and in the guest over /dev/memlog (C, since there is no Python).

BRIDGE_TEST_BIN     := $(BUILD)/tests/bridge
BRIDGE_UNIT_TESTS   := $(BRIDGE_TEST_BIN)/parts_test $(BRIDGE_TEST_BIN)/edge_test $(BRIDGE_TEST_BIN)/hub_test \
		     $(BRIDGE_TEST_BIN)/hub_query_test $(BRIDGE_TEST_BIN)/query_test $(BRIDGE_TEST_BIN)/tail_test \
		     $(BRIDGE_TEST_BIN)/devices_test $(BRIDGE_TEST_BIN)/grep_match \
		     $(BRIDGE_TEST_BIN)/make_days
# In the guest: what they share is linked to each.
BRIDGE_GUEST_TESTS  := $(patsubst tests/bridge/%.c,$(BRIDGE_TEST_BIN)/%, \
			 $(wildcard tests/bridge/guest/*_test.c))
BRIDGE_GUEST_COMMON := $(filter-out %_test.c,$(wildcard tests/bridge/guest/*.c)) \
		       tests/device/device.c tests/device/system.c
BRIDGE_TEST_FLAGS   := -Ibridge $(KSELFTEST_CFLAGS) -Wno-sign-compare -Wno-missing-prototypes

TESTS     += $(BRIDGE_UNIT_TESTS) $(BRIDGE_GUEST_TESTS)
SAN_TESTS += $(if $(findstring address,$(SANITIZE)), \
		  $(BRIDGE_UNIT_TESTS) $(BUILD)/memlog-bridge $(BUILD)/memlog)
SAN_TESTS += $(if $(findstring thread,$(SANITIZE)), \
		  $(BRIDGE_TEST_BIN)/hub_test $(BRIDGE_TEST_BIN)/hub_query_test \
		  $(BUILD)/memlog-bridge $(BUILD)/memlog)

$(BRIDGE_TEST_BIN)/hub_test $(BRIDGE_TEST_BIN)/hub_query_test: \
	tests/bridge/hub_fixture.h tests/bridge/follower.h

$(BRIDGE_UNIT_TESTS): $(BRIDGE_TEST_BIN)/%: tests/bridge/%.c $(BRIDGE_OBJS) $(BUILD)/libmemlog.a \
		      | $(KSELFTEST_H)
	@mkdir -p $(@D)
	$(CC) $(ML_CFLAGS) $(BRIDGE_CFLAGS) $(CFLAGS) $(BRIDGE_TEST_FLAGS) -o $@ $< \
		$(filter-out %/main.o,$(BRIDGE_OBJS)) $(BUILD)/libmemlog.a $(BRIDGE_LIBS)

$(BRIDGE_GUEST_TESTS): $(BRIDGE_TEST_BIN)/guest/%: tests/bridge/guest/%.c $(BRIDGE_GUEST_COMMON) \
		       $(wildcard tests/bridge/guest/*.h) tests/device/device.h \
		       kmod/uapi/linux/memlog.h | $(KSELFTEST_H)
	@mkdir -p $(@D)
	$(CC) $(ML_CFLAGS) $(CFLAGS) -Itests/device $(BRIDGE_TEST_FLAGS) \
		$(shell pkg-config --cflags jansson) -o $@ $< $(BRIDGE_GUEST_COMMON) \
		$(shell pkg-config --libs jansson)
