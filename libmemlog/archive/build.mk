# SPDX-License-Identifier: LGPL-2.1-or-later
# Archives. What reads them is in the library: archive/... in LIB_NAMES. All else
# here, what writes and verifies them, is objects for the programs that do.

ARCHIVE_SRCS := $(filter-out $(LIB_NAMES:%=libmemlog/%.c),$(wildcard libmemlog/archive/*.c))
ARCHIVE_OBJS := $(ARCHIVE_SRCS:libmemlog/%.c=$(BUILD)/libmemlog/%.o)

-include $(ARCHIVE_OBJS:.o=.d)
