# SPDX-License-Identifier: GPL-2.0-only
# The memlog command's tests are shell scripts; this one program gives them a
# terminal.

TESTS     += $(BUILD)/tests/cli/pty
SAN_TESTS += $(BUILD)/memlog $(BUILD)/tests/cli/pty

$(BUILD)/tests/cli/pty: tests/cli/pty.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(ML_CFLAGS) -o $@ $<
