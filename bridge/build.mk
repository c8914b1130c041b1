# SPDX-License-Identifier: GPL-2.0-only
# The bridge: build/memlog-bridge. bridge/archive/replica*.c are memlog-replica's
# alone; that has all of BRIDGE_OBJS but main.o.

BRIDGE       := $(BUILD)/memlog-bridge
BRIDGE_SRCS   := $(wildcard bridge/*.c) \
		 $(filter-out bridge/archive/replica%,$(wildcard bridge/archive/*.c))
BRIDGE_OBJS   := $(BRIDGE_SRCS:bridge/%.c=$(BUILD)/bridge/%.o) $(FILES_OBJS) $(ARCHIVE_OBJS)
BRIDGE_WEB    := $(wildcard bridge/web/dist/*)
BRIDGE_WEB_GZ := $(BRIDGE_WEB:bridge/web/dist/%=$(BUILD)/bridge/web/%.gz)

# Asked for only when something of it is built, so that a machine without
# libwebsockets can build the rest.
BRIDGE_CFLAGS   = -pthread -DBRIDGE_VERSION='"$(VERSION)"' \
		  $(shell pkg-config --cflags libwebsockets libuv libpcre2-8 jansson inih libssl libcrypto libcap-ng libnghttp2 zlib libzstd | sed 's/-I/-isystem /g')
BRIDGE_LIBS     = $(shell pkg-config --libs libwebsockets libuv libpcre2-8 jansson inih libssl libcrypto libcap-ng libnghttp2 zlib libzstd) -pthread

REPLICA      := $(BUILD)/memlog-replica
REPLICA_SRCS := $(wildcard bridge/archive/replica*.c)
REPLICA_OBJS := $(REPLICA_SRCS:bridge/%.c=$(BUILD)/bridge/%.o)

ALL     += $(BRIDGE) $(REPLICA)
INSTALL += bridge-install

$(BUILD)/bridge/%.o: bridge/%.c
	@mkdir -p $(@D)
	$(CC) $(ML_CFLAGS) $(BRIDGE_CFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# The viewer is in the program as it is and compressed; see bridge/web/build.
$(BUILD)/bridge/assets.o: $(BRIDGE_WEB) $(BRIDGE_WEB_GZ)
$(BUILD)/bridge/assets.o: BRIDGE_CFLAGS += -DBRIDGE_WEB_GZ='"$(BUILD)/bridge/web"'

$(BUILD)/bridge/web/%.gz: bridge/web/dist/%
	@mkdir -p $(@D)
	gzip -9nc $< >$@.new && mv $@.new $@

$(BRIDGE): $(BRIDGE_OBJS) $(LIB_A)
	$(CC) $(SAN_FLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(BRIDGE_LIBS)

$(REPLICA): $(REPLICA_OBJS) $(filter-out %/bridge/main.o,$(BRIDGE_OBJS)) $(LIB_A)
	$(CC) $(SAN_FLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(BRIDGE_LIBS)

.PHONY: bridge-install
bridge-install: $(BRIDGE) $(REPLICA)
	install -d $(DESTDIR)$(PREFIX)/sbin $(DESTDIR)$(PREFIX)/share/man/man8 \
		$(DESTDIR)$(PREFIX)/share/man/man5 $(DESTDIR)$(PREFIX)/share/memlog \
		$(DESTDIR)$(PREFIX)/lib/systemd/system
	install -m 755 $(BRIDGE) $(REPLICA) $(DESTDIR)$(PREFIX)/sbin
	install -m 644 bridge/man/memlog-bridge.8 bridge/man/memlog-replica.8 $(DESTDIR)$(PREFIX)/share/man/man8
	install -m 644 bridge/man/memlog-bridge.conf.5 $(DESTDIR)$(PREFIX)/share/man/man5
	install -m 644 bridge/dist/memlog-bridge.conf bridge/dist/grafana-dashboard.json \
		$(DESTDIR)$(PREFIX)/share/memlog
	install -m 644 bridge/dist/memlog-bridge.socket $(DESTDIR)$(PREFIX)/lib/systemd/system
	for name in memlog-bridge memlog-replica; do \
		sed 's,/usr/local/sbin,$(PREFIX)/sbin,' bridge/dist/$$name.service \
			>$(DESTDIR)$(PREFIX)/lib/systemd/system/$$name.service && \
		chmod 644 $(DESTDIR)$(PREFIX)/lib/systemd/system/$$name.service || exit 1; \
	done
	test -e $(DESTDIR)/etc/memlog-bridge.conf || \
		install -D -m 644 bridge/dist/memlog-bridge.conf $(DESTDIR)/etc/memlog-bridge.conf
	test -e $(DESTDIR)/etc/default/memlog-replica || \
		install -D -m 644 bridge/dist/memlog-replica.default $(DESTDIR)/etc/default/memlog-replica

-include $(BRIDGE_OBJS:.o=.d) $(REPLICA_OBJS:.o=.d)
-include bridge/view/build.mk
