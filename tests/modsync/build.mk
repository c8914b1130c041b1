# SPDX-License-Identifier: GPL-2.0-only
# go-modsynclog's socket protocol: server and client of ours, each with a peer in
# Python that was written from the protocol alone.

MODSYNC_TEST_BIN := $(BUILD)/tests/modsync
MODSYNC_PROGRAMS := $(MODSYNC_TEST_BIN)/serve $(MODSYNC_TEST_BIN)/copy

TESTS     += $(MODSYNC_PROGRAMS)
SAN_TESTS += $(if $(findstring address,$(SANITIZE)),$(MODSYNC_PROGRAMS))

$(MODSYNC_PROGRAMS): $(MODSYNC_TEST_BIN)/%: tests/modsync/%.c $(BRIDGE_OBJS) $(BUILD)/libmemlog.a
	@mkdir -p $(@D)
	$(CC) $(ML_CFLAGS) $(BRIDGE_CFLAGS) -Ibridge $(CFLAGS) -o $@ $< \
		$(filter-out %/main.o,$(BRIDGE_OBJS)) $(BUILD)/libmemlog.a $(BRIDGE_LIBS)
