# SPDX-License-Identifier: GPL-2.0-only
# The benches. tests/bench/device runs device_bench in a guest; it is static, for
# the guest, and linked with the library as it is installed.

BENCH_DIR   := $(BUILD)/tests/bench
BENCH_SRCS  := $(addprefix tests/bench/,device.c cost.c table.c bound.c event.c \
	       dev.c peer.c write.c sleepers.c waiters.c read.c seek.c writers.c)
BENCH_OBJS  := $(BENCH_SRCS:tests/bench/%.c=$(BENCH_DIR)/%.o)

TESTS += $(BENCH_DIR)/device_bench

$(BENCH_DIR)/%.o: tests/bench/%.c
	@mkdir -p $(@D)
	$(CC) $(ML_CFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(BENCH_DIR)/device_bench: $(BENCH_OBJS) $(BUILD)/libmemlog.a
	$(CC) -static -pthread $(LDFLAGS) -o $@ $^

-include $(BENCH_OBJS:.o=.d)
