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

# What tests/bench/bridge runs: clients, a writer, and the bare fan-out. Every
# program is linked with what it needs of the folder.
FANOUT_DIR   := $(BENCH_DIR)/fanout
FANOUT_OBJS  := $(patsubst tests/bench/%.c,$(BENCH_DIR)/%.o,$(wildcard tests/bench/fanout/*.c))
FANOUT_BINS  := $(addprefix $(BENCH_DIR)/,bridge_load bridge_writer bridge_bare)

TESTS += $(FANOUT_BINS)

$(BENCH_DIR)/bridge_load: $(addprefix $(FANOUT_DIR)/,load.o conn.o conn_http.o conn_ws.o \
			  decode.o decode_json.o track.o histogram.o payload.o)
$(BENCH_DIR)/bridge_writer: $(addprefix $(FANOUT_DIR)/,writer.o outlet.o payload.o)
$(BENCH_DIR)/bridge_bare: $(addprefix $(FANOUT_DIR)/,bare.o bare_frame.o)

$(FANOUT_BINS): $(BUILD)/libmemlog.a
	$(CC) -pthread $(LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^)

-include $(FANOUT_OBJS:.o=.d)

# What archiving costs, on this machine and its disk.
TESTS += $(BENCH_DIR)/archive_bench

$(BENCH_DIR)/archive_bench: $(BENCH_DIR)/archive.o $(ARCHIVE_OBJS) $(BUILD)/libmemlog.a
	$(CC) -pthread $(SAN_FLAGS) $(LDFLAGS) -o $@ $^

# Makes the day that tests/bench/view reads.
TESTS += $(BENCH_DIR)/view_day

$(BENCH_DIR)/view_day: $(BENCH_DIR)/view_day.o $(ARCHIVE_OBJS) $(BUILD)/libmemlog.a
	$(CC) -pthread $(LDFLAGS) -o $@ $^

-include $(BENCH_DIR)/archive.d $(BENCH_DIR)/view_day.d
