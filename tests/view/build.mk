# SPDX-License-Identifier: GPL-2.0-only
# memlogfs over archives: a Python test; the view's program is built for it.

SAN_TESTS += $(if $(findstring address,$(SANITIZE)),$(BUILD)/memlogfs)
SAN_TESTS += $(if $(findstring thread,$(SANITIZE)),$(BUILD)/memlogfs)
