# SPDX-License-Identifier: GPL-2.0-only
# The ring and the cursor in user space, without a library around them.

RING_BIN   = $(BUILD)/tests/ring
RING_SRC   = kmod/ring.c kmod/cursor.c tests/ring/mem.c
RING_DEPS  = $(RING_SRC) kmod/ring.h kmod/cursor.h kmod/ring_port.h tests/ring/mem.h \
	     kmod/uapi/linux/memlog.h $(KSELFTEST_H)
RING_TESTS = $(RING_BIN)/ring_test $(RING_BIN)/cursor_test $(RING_BIN)/ring_stress

# pos passes 2^32 in the first kilobytes; the fences are not TSan's to see, see
# kmod/ring_port.h
RING_CFLAGS = $(KSELFTEST_CFLAGS) -Wno-missing-prototypes -Wno-sign-compare -Itests/ring -DMEMLOG_FIRST_POS=0xfffff000ULL \
	      -pthread $(if $(findstring thread,$(SANITIZE)),-Wno-tsan)

TESTS     += $(RING_TESTS)
SAN_TESTS += $(RING_TESTS)

$(RING_TESTS): $(RING_BIN)/%: tests/ring/%.c $(RING_DEPS)
	@mkdir -p $(@D)
	$(CC) $(ML_CFLAGS) $(CFLAGS) $(RING_CFLAGS) -o $@ $< $(RING_SRC) -lpthread
