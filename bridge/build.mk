# SPDX-License-Identifier: GPL-2.0-only
# The bridge: build/memlog-bridge.

BRIDGE       := $(BUILD)/memlog-bridge
BRIDGE_NAMES := $(basename $(notdir $(wildcard bridge/*.c)))
BRIDGE_OBJS  := $(BRIDGE_NAMES:%=$(BUILD)/bridge/%.o) $(FILES_OBJS)
BRIDGE_WEB   := $(wildcard bridge/web/*)

# Asked for only when something of it is built, so that a machine without
# libwebsockets can build the rest.
BRIDGE_CFLAGS   = -pthread -DBRIDGE_VERSION='"$(VERSION)"' \
		  $(shell pkg-config --cflags libwebsockets libuv libpcre2-8 jansson inih libssl libcrypto libcap-ng | sed 's/-I/-isystem /g')
BRIDGE_LIBS     = $(shell pkg-config --libs libwebsockets libuv libpcre2-8 jansson inih libssl libcrypto libcap-ng) -pthread

ALL     += $(BRIDGE)
INSTALL += bridge-install

$(BUILD)/bridge/%.o: bridge/%.c
	@mkdir -p $(@D)
	$(CC) $(ML_CFLAGS) $(BRIDGE_CFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/bridge/assets.o: $(BRIDGE_WEB)

$(BRIDGE): $(BRIDGE_OBJS) $(LIB_A)
	$(CC) $(SAN_FLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(BRIDGE_LIBS)

.PHONY: bridge-install
bridge-install: $(BRIDGE)
	install -d $(DESTDIR)$(PREFIX)/sbin $(DESTDIR)$(PREFIX)/share/man/man8
	install -m 755 $(BRIDGE) $(DESTDIR)$(PREFIX)/sbin
	install -m 644 bridge/man/memlog-bridge.8 $(DESTDIR)$(PREFIX)/share/man/man8

-include $(BRIDGE_OBJS:.o=.d)
