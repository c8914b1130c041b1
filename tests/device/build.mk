# SPDX-License-Identifier: GPL-2.0-only
# The device suite: static programs on plain system calls, for the guest.

DEVICE_TESTS  := write prefix fault read_text read_block read_record overrun \
		 poll epoll seek mmap map_guard ioctl clear resize size \
		 params quota meta uring inspect
DEVICE_BIN    := $(BUILD)/tests/device
DEVICE_COMMON := $(addprefix tests/device/,device.c system.c uffd.c map.c uring.c)
DEVICE_HDRS   := kmod/uapi/linux/memlog.h $(wildcard tests/device/*.h)

# The harness compares what it is given, whatever the sign, and its functions
# have no prototypes.
DEVICE_CFLAGS := -Wno-sign-compare -Wno-missing-prototypes -pthread -static

TESTS += $(DEVICE_TESTS:%=$(DEVICE_BIN)/%_test)

$(DEVICE_BIN)/%_test: tests/device/%_test.c $(DEVICE_COMMON) $(DEVICE_HDRS) \
		      | $(KSELFTEST_H)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(ML_CFLAGS) $(KSELFTEST_CFLAGS) $(DEVICE_CFLAGS) \
	      -o $@ $< $(DEVICE_COMMON)
