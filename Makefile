# SPDX-License-Identifier: GPL-2.0-only
# memlog: `make help` lists what there is.
#
# With no installed kernel to build the module for, `make` builds the rest.
#
# Each part keeps its own rules in PART/build.mk and adds to the variables
# below; DKMS takes this file, Kbuild and kmod/ alone, so every part but kmod
# may be missing.

BUILD    ?= build
PREFIX   ?= /usr/local
KDIR     ?= $(call kernel_dir)
SANITIZE ?=

# The running kernel's headers, else the newest that are installed.
kernel_dir = $(firstword $(wildcard /lib/modules/$(shell uname -r)/build) \
	     $(shell printf '%s\n' /lib/modules/*/build | sort -rV | head -n 1))

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

.PHONY: all programs install clean help
all: $(ALL)

# All but the module: what runs in user space.
programs: $(filter-out module,$(ALL))

install: $(INSTALL)

clean: $(CLEAN)
	rm -rf $(BUILD)

help:
	@echo 'make run           try memlog: a QEMU guest with a shell and a bridge at'
	@echo '                   http://localhost:8080; PORT=N; HOST=1 uses this kernel,'
	@echo '                   BACKEND=fuse a folder on this machine, without a module'
	@echo 'make stop          end what runs in the background'
	@echo 'make test          all tests, in some 10 minutes'
	@echo 'make test-debug    the device on a kernel with KASAN, lockdep and faults'
	@echo 'make soak          the long forms of all tests'
	@echo 'make check         checkpatch, sparse, W=1, gcc, clang, cppcheck, shellcheck'
	@echo 'make bench-device  what a record costs, beside pipes, sockets and /dev/kmsg'
	@echo 'make bench-bridge  what the bridge delivers, beside a bare fan-out and others;'
	@echo '                   20 minutes; BENCH_FLAGS=--quick or --help'
	@echo 'make bench-archive what archiving costs, beside a plain program on the same disk'
	@echo 'make bench-view    how fast memlogfs reads, beside an example of libfuse'
	@echo 'make bench-replica how fast a replica catches up, and how late live records are'
	@echo
	@echo 'make               the module, library, command, bridge, replica and memlogfs:'
	@echo '                   memlog.ko, build/'
	@echo 'make programs      all of it but the module'
	@echo 'make install       DESTDIR=, PREFIX=$(PREFIX); the module as a DKMS source'
	@echo 'make deps          the Debian packages for all that; DEPS=--help'
	@echo 'make clean         everything that was built but the debug kernel (.cache)'
	@echo
	@echo 'KDIR=FOLDER        kernel to build for, now $(KDIR)'
	@echo 'SANITIZE=LIST      address,undefined or thread, with a BUILD= of its own'
