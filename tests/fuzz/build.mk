# SPDX-License-Identifier: GPL-2.0-only
# Fuzzers.

# The device's, for the guest.
DEVICE_FUZZ_SRC := $(addprefix tests/fuzz/,device_fuzz.c fuzz_ops.c fuzz_maps.c) \
		   $(addprefix tests/device/,device.c system.c map.c uring.c)

TESTS += $(BUILD)/tests/fuzz/device_fuzz

$(BUILD)/tests/fuzz/device_fuzz: $(DEVICE_FUZZ_SRC) $(DEVICE_HDRS) \
				 tests/fuzz/fuzz.h | $(KSELFTEST_H)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(ML_CFLAGS) $(KSELFTEST_CFLAGS) $(DEVICE_CFLAGS) \
	      -o $@ $(DEVICE_FUZZ_SRC)
