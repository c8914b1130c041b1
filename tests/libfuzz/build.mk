# SPDX-License-Identifier: GPL-2.0-only
# Fuzz targets for what the library reads from others: ring files, words, text.
# They run for a few seconds each in `make test`, under the sanitizers; with
# clang, `make fuzz` builds them on libFuzzer:
#	build/fuzz/ring_file_fuzz NEW tests/libfuzz/corpus/ring_file

LIBFUZZ_BIN   := $(BUILD)/tests/libfuzz
LIBFUZZ_NAMES := ring_file parse json
LIBFUZZ       := $(LIBFUZZ_NAMES:%=$(LIBFUZZ_BIN)/%_fuzz)

SAN_TESTS += $(LIBFUZZ)

$(LIBFUZZ_BIN)/%_fuzz: tests/libfuzz/%_fuzz.c tests/libfuzz/driver.c \
		       tests/libfuzz/libfuzz.h libmemlog/memlog.h $(BUILD)/libmemlog.a
	@mkdir -p $(@D)
	$(CC) $(ML_CFLAGS) $(CFLAGS) -pthread -o $@ $< tests/libfuzz/driver.c \
	      $(BUILD)/libmemlog.a

LIBFUZZ_SRC := $(LIB_NAMES:%=libmemlog/%.c) kmod/ring.c

.PHONY: fuzz
fuzz: $(LIBFUZZ_NAMES:%=build/fuzz/%_fuzz)

build/fuzz/%_fuzz: tests/libfuzz/%_fuzz.c $(LIBFUZZ_SRC)
	@mkdir -p $(@D)
	clang $(ML_CFLAGS) -Wno-missing-prototypes -O1 -g -pthread \
	      -fsanitize=fuzzer,address,undefined -o $@ $< $(LIBFUZZ_SRC)
