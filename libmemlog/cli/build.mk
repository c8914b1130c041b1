# SPDX-License-Identifier: GPL-2.0-only
# The memlog command: build/memlog, with the library inside.

CLI_SRCS := $(wildcard libmemlog/cli/*.c)
CLI_OBJS := $(CLI_SRCS:libmemlog/cli/%.c=$(BUILD)/cli/%.o)
CLI_LIBS  = $(shell pkg-config --libs jansson) -lresolv
ALL      += $(BUILD)/memlog
INSTALL  += cli-install

$(BUILD)/cli/%.o: libmemlog/cli/%.c
	@mkdir -p $(@D)
	$(CC) $(ML_CFLAGS) -DMEMLOG_VERSION='"$(VERSION)"' $(CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/memlog: $(CLI_OBJS) $(FILES_OBJS) $(ARCHIVE_OBJS) $(LIB_A)
	$(CC) -pthread $(SAN_FLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(CLI_LIBS)

.PHONY: cli-install
cli-install: $(BUILD)/memlog
	install -D -m 755 -t $(DESTDIR)$(PREFIX)/bin $(BUILD)/memlog
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/man/man1 libmemlog/man/memlog.1 \
		libmemlog/man/memlog-archive.1
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/man/man4 kmod/doc/memlog.4
	install -D -m 644 libmemlog/cli/memlog.bash-completion \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/memlog

-include $(CLI_OBJS:.o=.d)
