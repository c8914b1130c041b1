# SPDX-License-Identifier: GPL-2.0-only
# Reading text files that grow, for the memlog command and for the bridge.

FILES_SRCS := $(wildcard libmemlog/files/*.c)
FILES_OBJS := $(FILES_SRCS:libmemlog/files/%.c=$(BUILD)/files/%.o)

$(BUILD)/files/%.o: libmemlog/files/%.c
	@mkdir -p $(@D)
	$(CC) $(ML_CFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

-include $(FILES_OBJS:.o=.d)
