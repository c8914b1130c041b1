# SPDX-License-Identifier: GPL-2.0-only
# memlogfs: build/memlogfs, from bridge/view and the device's own cursor.

MEMLOGFS      := $(BUILD)/memlogfs
MEMLOGFS_OBJS := $(patsubst %.c,$(BUILD)/%.o,$(wildcard bridge/view/*.c)) \
		 $(BUILD)/bridge/view/cursor.o

# Asked for only when it is built, so that a machine without libfuse can build the
# rest.
MEMLOGFS_CFLAGS = -pthread $(if $(filter thread,$(SANITIZE)),-Wno-tsan) -DFUSE_USE_VERSION=312 -DMEMLOGFS_VERSION='"$(VERSION)"' \
		  $(shell pkg-config --cflags fuse3 | sed 's/-I/-isystem /g')
MEMLOGFS_LIBS   = $(shell pkg-config --libs fuse3) -pthread

ALL     += $(MEMLOGFS)
INSTALL += memlogfs-install

$(BUILD)/bridge/view/%.o: bridge/view/%.c
	@mkdir -p $(@D)
	$(CC) $(ML_CFLAGS) $(MEMLOGFS_CFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/bridge/view/cursor.o: kmod/cursor.c
	@mkdir -p $(@D)
	$(CC) $(ML_CFLAGS) $(MEMLOGFS_CFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(MEMLOGFS): $(MEMLOGFS_OBJS) $(LIB_A)
	$(CC) $(SAN_FLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(MEMLOGFS_LIBS)

.PHONY: memlogfs-install
memlogfs-install: $(MEMLOGFS)
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/man/man8
	install -m 755 $(MEMLOGFS) $(DESTDIR)$(PREFIX)/bin
	install -m 644 bridge/man/memlogfs.8 $(DESTDIR)$(PREFIX)/share/man/man8

-include $(MEMLOGFS_OBJS:.o=.d)
