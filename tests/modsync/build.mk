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

# The fuzz target of its frames, as those of tests/libfuzz.
MODSYNC_FUZZ_SRC := bridge/archive/modsync_frame.c bridge/archive/modsync_reader.c

SAN_TESTS += $(if $(findstring address,$(SANITIZE)),$(LIBFUZZ_BIN)/modsync_fuzz)

$(LIBFUZZ_BIN)/modsync_fuzz: tests/libfuzz/modsync_fuzz.c tests/libfuzz/driver.c \
			     tests/libfuzz/libfuzz.h $(MODSYNC_FUZZ_SRC) $(BUILD)/libmemlog.a
	@mkdir -p $(@D)
	$(CC) $(ML_CFLAGS) -Ibridge $(CFLAGS) -pthread -o $@ $< tests/libfuzz/driver.c \
		$(MODSYNC_FUZZ_SRC) $(BUILD)/libmemlog.a $(shell pkg-config --cflags --libs jansson zlib)

fuzz: build/fuzz/modsync_fuzz

build/fuzz/modsync_fuzz: tests/libfuzz/modsync_fuzz.c $(MODSYNC_FUZZ_SRC) $(LIBFUZZ_SRC)
	@mkdir -p $(@D)
	clang $(ML_CFLAGS) -Ibridge -Wno-missing-prototypes -O1 -g -pthread \
	      -fsanitize=fuzzer,address,undefined -o $@ $^ \
	      $(shell pkg-config --cflags --libs jansson zlib)
