# SPDX-License-Identifier: LGPL-2.1-or-later
# Short programs on the library, one for each thing it does. Outside of this
# tree: cc follow.c $(pkg-config --cflags --libs libmemlog)

EXAMPLES := $(addprefix $(BUILD)/examples/,follow write embedded watch)
ALL      += $(EXAMPLES)

$(BUILD)/examples/%: libmemlog/examples/%.c libmemlog/memlog.h $(LIB_A)
	@mkdir -p $(@D)
	$(CC) $(ML_CFLAGS) $(CFLAGS) -pthread -o $@ $< $(LIB_A)
