# SPDX-License-Identifier: GPL-2.0-only
# The device suite: static programs on plain system calls, for the guest.

DEVICE_TESTS  := write prefix fault read_text read_block read_record overrun \
		 lapped poll epoll seek mmap map_guard ioctl clear resize size \
		 params quota meta uring inspect inject inject_load
# Once more as 32-bit programs, of which the kernel is to keep the same contract.
DEVICE_TESTS32 := write read_text read_record seek ioctl mmap
DEVICE_BIN    := $(BUILD)/tests/device
DEVICE_COMMON := $(addprefix tests/device/,device.c system.c uffd.c map.c uring.c \
						   inject.c)
DEVICE_HDRS   := kmod/uapi/linux/memlog.h $(wildcard tests/device/*.h)

# The harness compares what it is given, whatever the sign, and its functions
# have no prototypes.
DEVICE_CFLAGS := -Wno-sign-compare -Wno-missing-prototypes -pthread -static

# <asm/...> is the same for both, and stands only where 64-bit programs look.
DEVICE_CFLAGS32 = -m32 -D_FILE_OFFSET_BITS=64 \
		  -idirafter /usr/include/$(shell $(CC) -print-multiarch)

TESTS += $(DEVICE_TESTS:%=$(DEVICE_BIN)/%_test) \
	 $(DEVICE_TESTS32:%=$(DEVICE_BIN)/%_test32)

# fuse_test runs them on memlogfs.
SAN_TESTS += $(if $(findstring address,$(SANITIZE)),$(MEMLOGFS))

$(DEVICE_BIN)/%_test: tests/device/%_test.c $(DEVICE_COMMON) $(DEVICE_HDRS) \
		      | $(KSELFTEST_H)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(ML_CFLAGS) $(KSELFTEST_CFLAGS) $(DEVICE_CFLAGS) \
	      -o $@ $< $(DEVICE_COMMON)

$(DEVICE_BIN)/%_test32: tests/device/%_test.c $(DEVICE_COMMON) $(DEVICE_HDRS) \
			| $(KSELFTEST_H)
	@mkdir -p $(@D)
	$(CC) $(DEVICE_CFLAGS32) $(CFLAGS) $(ML_CFLAGS) $(KSELFTEST_CFLAGS) \
	      $(DEVICE_CFLAGS) -o $@ $< $(DEVICE_COMMON)
