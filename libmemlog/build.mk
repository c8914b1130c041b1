# SPDX-License-Identifier: LGPL-2.1-or-later
# The library: build/libmemlog.so.0 with its links, build/libmemlog.a.

LIB_VERSION := 0.1.0
LIB_NAMES   := parse time utf8 json channel cgroup_name open reader reader_map source_device \
	       source_file source_pread \
	       ringfile embedded embedded_file writer watch \
	       archive/format archive/crc32c archive/date \
	       archive/day archive/day_rows archive/day_find archive/notify archive/cursor \
	       archive/find archive/read source_archive history_rows history_place history_wait \
	       history_info
LIB_OBJS    := $(LIB_NAMES:%=$(BUILD)/libmemlog/%.o) $(BUILD)/libmemlog/ring.o
LIB_MAN3    := $(wildcard libmemlog/man/*.3)

# ThreadSanitizer does not know fences, which is why the ring uses atomics for
# what it must not complain about; gcc wants that said. In those builds pos passes
# 2^32 in the first kilobytes.
LIB_CFLAGS  := -fPIC -pthread -D_FILE_OFFSET_BITS=64 $(if $(filter thread,$(SANITIZE)),-Wno-tsan) \
	       $(if $(SANITIZE),-DMEMLOG_FIRST_POS=0xfffff000ULL)

LIB_SO      := $(BUILD)/libmemlog.so.0
LIB_A       := $(BUILD)/libmemlog.a
ALL         += $(LIB_SO) $(BUILD)/libmemlog.so $(LIB_A) $(BUILD)/libmemlog.pc
INSTALL     += lib-install

$(BUILD)/libmemlog/%.o: libmemlog/%.c
	@mkdir -p $(@D)
	$(CC) $(ML_CFLAGS) $(LIB_CFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/libmemlog/ring.o: kmod/ring.c
	@mkdir -p $(@D)
	$(CC) $(ML_CFLAGS) $(LIB_CFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(LIB_SO): $(LIB_OBJS) libmemlog/libmemlog.map
	$(CC) -shared -pthread $(SAN_FLAGS) $(LDFLAGS) -Wl,-soname,libmemlog.so.0 \
		-Wl,--version-script=libmemlog/libmemlog.map $(if $(SANITIZE),,-Wl,-z,defs) \
		-o $@ $(LIB_OBJS)

$(BUILD)/libmemlog.so: $(LIB_SO)
	ln -sf libmemlog.so.0 $@

$(LIB_A): $(LIB_OBJS)
	rm -f $@
	$(AR) rcs $@ $^

$(BUILD)/libmemlog.pc: libmemlog/libmemlog.pc.in
	@mkdir -p $(@D)
	sed 's|@PREFIX@|$(PREFIX)|; s|@VERSION@|$(LIB_VERSION)|' $< >$@

.PHONY: lib-install
lib-install: $(LIB_SO) $(LIB_A) $(BUILD)/libmemlog.pc
	install -d $(DESTDIR)$(PREFIX)/lib/pkgconfig $(DESTDIR)$(PREFIX)/include/linux \
		   $(DESTDIR)$(PREFIX)/share/man/man3
	install -m 755 $(LIB_SO) $(DESTDIR)$(PREFIX)/lib/libmemlog.so.$(LIB_VERSION)
	ln -sf libmemlog.so.$(LIB_VERSION) $(DESTDIR)$(PREFIX)/lib/libmemlog.so.0
	ln -sf libmemlog.so.0 $(DESTDIR)$(PREFIX)/lib/libmemlog.so
	install -m 644 $(LIB_A) $(DESTDIR)$(PREFIX)/lib
	install -m 644 $(BUILD)/libmemlog.pc $(DESTDIR)$(PREFIX)/lib/pkgconfig
	install -m 644 libmemlog/memlog.h $(DESTDIR)$(PREFIX)/include
	install -m 644 kmod/uapi/linux/memlog.h $(DESTDIR)$(PREFIX)/include/linux
	install -m 644 $(LIB_MAN3) $(DESTDIR)$(PREFIX)/share/man/man3
	libmemlog/man/link-names $(DESTDIR)$(PREFIX)/share/man/man3 $(LIB_MAN3)

-include $(LIB_OBJS:.o=.d)
-include libmemlog/archive/build.mk
-include libmemlog/examples/build.mk
-include libmemlog/files/build.mk
-include libmemlog/cli/build.mk
