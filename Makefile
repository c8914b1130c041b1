# SPDX-License-Identifier: GPL-2.0-only
# memlog: `make help` lists what there is.
#
# Each part keeps its own rules in PART/build.mk and adds to the variables
# below; DKMS takes this file, Kbuild and kmod/ alone, so every part but kmod
# may be missing.

BUILD    ?= build
PREFIX   ?= /usr/local
KDIR     ?= /lib/modules/$(shell uname -r)/build
SANITIZE ?=

CC       ?= cc
CFLAGS   ?= -O2 -g
ML_CFLAGS = -std=gnu11 -Wall -Wextra -Wshadow -Wstrict-prototypes \
	    -Wmissing-prototypes -Wpointer-arith -Wformat=2 -Wno-unused-parameter \
	    -fvisibility=hidden -D_GNU_SOURCE -Ikmod/uapi -Ikmod -Ilibmemlog $(SAN_FLAGS)
SAN_FLAGS = $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-omit-frame-pointer)

# What `make`, `make install` and `make clean` are made of; build.mk files add.
ALL      =
INSTALL  =
CLEAN    =

.DEFAULT_GOAL := all

include kmod/build.mk
-include libmemlog/build.mk bridge/build.mk tests/build.mk

.PHONY: all install clean
all: $(ALL)

install: $(INSTALL)

clean: $(CLEAN)
	rm -rf $(BUILD)
