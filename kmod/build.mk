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
