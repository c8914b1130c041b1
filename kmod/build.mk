# SPDX-License-Identifier: GPL-2.0-only
# The kernel module: memlog.ko at the top, built by the kernel's own rules.

ALL     += $(if $(wildcard $(KDIR)/Makefile),module)
CLEAN   += module-clean

.PHONY: module module-clean
module:
	$(MAKE) -C $(KDIR) M=$(CURDIR) modules

module-clean:
	rm -f memlog.ko memlog.o memlog.mod memlog.mod.c .memlog.* .Module.symvers.cmd \
	      .modules.order.cmd modules.order Module.symvers kmod/*.o kmod/.*.cmd

# The module goes in as source: DKMS builds it for each kernel as it comes.
VERSION      := $(shell sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' dkms.conf)
DKMS_SRC      = $(DESTDIR)/usr/src/memlog-$(VERSION)
UDEV_RULES    = $(DESTDIR)/usr/lib/udev/rules.d
MODPROBE_CONF = $(DESTDIR)/etc/modprobe.d/memlog.conf
LOAD_CONF     = $(DESTDIR)/etc/modules-load.d/memlog.conf
INSTALL      += module-install

.PHONY: module-install
module-install:
	install -d $(DKMS_SRC)/kmod/uapi/linux
	install -m 644 Kbuild Makefile dkms.conf $(DKMS_SRC)
	install -m 644 kmod/*.[ch] kmod/build.mk $(DKMS_SRC)/kmod
	install -m 644 kmod/uapi/linux/memlog.h $(DKMS_SRC)/kmod/uapi/linux
	install -D -m 644 -t $(UDEV_RULES) kmod/dist/60-memlog.rules
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/include/linux kmod/uapi/linux/memlog.h
	test -e $(MODPROBE_CONF) || \
		install -D -m 644 kmod/dist/memlog.modprobe.conf $(MODPROBE_CONF)
	test -e $(LOAD_CONF) || \
		install -D -m 644 kmod/dist/memlog.modules-load.conf $(LOAD_CONF)
