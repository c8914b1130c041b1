# SPDX-License-Identifier: GPL-2.0-only
# Stress of the device, for the guest.

STRESS_SRC := $(addprefix tests/stress/,accounting.c reader.c text.c) \
	      $(addprefix tests/device/,device.c system.c map.c)

TESTS += $(BUILD)/tests/stress/accounting

$(BUILD)/tests/stress/accounting: $(STRESS_SRC) $(DEVICE_HDRS) \
				  tests/stress/reader.h | $(KSELFTEST_H)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(ML_CFLAGS) $(KSELFTEST_CFLAGS) $(DEVICE_CFLAGS) \
	      -o $@ $(STRESS_SRC)
