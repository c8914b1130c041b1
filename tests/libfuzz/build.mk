# SPDX-License-Identifier: GPL-2.0-only
# Fuzz targets for what others give us: ring files, words, text; and queries for
# the bridge, which is built where libwebsockets is.
# They run for a few seconds each in `make test`, under the sanitizers; with
# clang, `make fuzz` builds them on libFuzzer:
#	build/fuzz/ring_file_fuzz NEW tests/libfuzz/corpus/ring_file

LIBFUZZ_BIN   := $(BUILD)/tests/libfuzz
LIBFUZZ_NAMES := ring_file parse json
LIBFUZZ       := $(LIBFUZZ_NAMES:%=$(LIBFUZZ_BIN)/%_fuzz)

ARCHIVE_FUZZ  := $(LIBFUZZ_BIN)/archive_rows_fuzz $(LIBFUZZ_BIN)/archive_folder_fuzz \
		 $(LIBFUZZ_BIN)/archive_lines_fuzz

SAN_TESTS += $(LIBFUZZ) $(ARCHIVE_FUZZ) $(if $(findstring address,$(SANITIZE)),$(LIBFUZZ_BIN)/query_fuzz \
					  $(LIBFUZZ_BIN)/sync_fuzz)

$(LIBFUZZ_BIN)/%_fuzz: tests/libfuzz/%_fuzz.c tests/libfuzz/driver.c \
		       tests/libfuzz/libfuzz.h libmemlog/memlog.h $(BUILD)/libmemlog.a
	@mkdir -p $(@D)
	$(CC) $(ML_CFLAGS) $(CFLAGS) -pthread -o $@ $< tests/libfuzz/driver.c \
	      $(BUILD)/libmemlog.a

$(LIBFUZZ_BIN)/archive_%_fuzz: tests/libfuzz/archive_%_fuzz.c tests/libfuzz/driver.c \
			       tests/libfuzz/libfuzz.h $(ARCHIVE_OBJS) $(BUILD)/libmemlog.a
	@mkdir -p $(@D)
	$(CC) $(ML_CFLAGS) $(CFLAGS) -pthread -o $@ $< tests/libfuzz/driver.c \
	      $(ARCHIVE_OBJS) $(BUILD)/libmemlog.a

# What the command takes lines apart with.
LINES_OBJS := $(BUILD)/cli/archive_lines.o $(BUILD)/cli/archive_lines_parse.o \
	      $(BUILD)/cli/complain.o

$(LIBFUZZ_BIN)/archive_lines_fuzz: tests/libfuzz/archive_lines_fuzz.c tests/libfuzz/driver.c \
				   tests/libfuzz/libfuzz.h $(LINES_OBJS) $(BUILD)/libmemlog.a
	@mkdir -p $(@D)
	$(CC) $(ML_CFLAGS) -Ilibmemlog/cli $(CFLAGS) -o $@ $< tests/libfuzz/driver.c \
	      $(LINES_OBJS) $(BUILD)/libmemlog.a $(CLI_LIBS)

$(LIBFUZZ_BIN)/query_fuzz: tests/libfuzz/query_fuzz.c tests/libfuzz/driver.c \
			   tests/libfuzz/libfuzz.h $(BRIDGE_OBJS) $(BUILD)/libmemlog.a
	@mkdir -p $(@D)
	$(CC) $(ML_CFLAGS) $(BRIDGE_CFLAGS) -Ibridge $(CFLAGS) -o $@ $< tests/libfuzz/driver.c \
	      $(filter-out %/main.o,$(BRIDGE_OBJS)) $(BUILD)/libmemlog.a $(BRIDGE_LIBS)

$(LIBFUZZ_BIN)/sync_fuzz: tests/libfuzz/sync_fuzz.c tests/libfuzz/driver.c \
			  tests/libfuzz/libfuzz.h $(BRIDGE_OBJS) $(REPLICA_OBJS) \
			  $(BUILD)/libmemlog.a
	@mkdir -p $(@D)
	$(CC) $(ML_CFLAGS) $(BRIDGE_CFLAGS) -Ibridge $(CFLAGS) -o $@ $< tests/libfuzz/driver.c \
	      $(filter-out %/main.o,$(BRIDGE_OBJS)) \
	      $(filter-out %/replica_main.o,$(REPLICA_OBJS)) $(BUILD)/libmemlog.a $(BRIDGE_LIBS)

LIBFUZZ_SRC := $(LIB_NAMES:%=libmemlog/%.c) kmod/ring.c

.PHONY: fuzz
fuzz: $(LIBFUZZ_NAMES:%=build/fuzz/%_fuzz) build/fuzz/query_fuzz build/fuzz/archive_rows_fuzz \
      build/fuzz/archive_folder_fuzz build/fuzz/archive_lines_fuzz

build/fuzz/%_fuzz: tests/libfuzz/%_fuzz.c $(LIBFUZZ_SRC)
	@mkdir -p $(@D)
	clang $(ML_CFLAGS) -Wno-missing-prototypes -O1 -g -pthread \
	      -fsanitize=fuzzer,address,undefined -o $@ $< $(LIBFUZZ_SRC)

BRIDGE_FUZZ_NAMES := query filter filter_regex pattern pattern_class quote service \
		     format format_text format_json format_binary block
BRIDGE_FUZZ_SRC   := $(BRIDGE_FUZZ_NAMES:%=bridge/%.c)

build/fuzz/query_fuzz: tests/libfuzz/query_fuzz.c $(BRIDGE_FUZZ_SRC) $(LIBFUZZ_SRC)
	@mkdir -p $(@D)
	clang $(ML_CFLAGS) -Ibridge -Wno-missing-prototypes -O1 -g -pthread \
	      -fsanitize=fuzzer,address,undefined -o $@ $^ \
	      $(shell pkg-config --cflags --libs libpcre2-8)

build/fuzz/archive_%_fuzz: tests/libfuzz/archive_%_fuzz.c $(ARCHIVE_SRCS) $(LIBFUZZ_SRC)
	@mkdir -p $(@D)
	clang $(ML_CFLAGS) -Wno-missing-prototypes -O1 -g -pthread \
	      -fsanitize=fuzzer,address,undefined -o $@ $^

LINES_SRC := $(LINES_OBJS:$(BUILD)/cli/%.o=libmemlog/cli/%.c)

build/fuzz/archive_lines_fuzz: tests/libfuzz/archive_lines_fuzz.c $(LINES_SRC) $(LIBFUZZ_SRC)
	@mkdir -p $(@D)
	clang $(ML_CFLAGS) -Ilibmemlog/cli -Wno-missing-prototypes -O1 -g -pthread \
	      -fsanitize=fuzzer,address,undefined -o $@ $^ $(CLI_LIBS)
