# SPDX-License-Identifier: GPL-2.0-only
# npm's packages for the tests go to the build folder; NODE_PATH says where.

NODE_DEPS := build/tests/node/node_modules/.package-lock.json

ifneq ($(shell command -v npm),)
TESTS += $(NODE_DEPS)
endif

$(NODE_DEPS): tests/node/package.json tests/node/package-lock.json
	@mkdir -p build/tests/node
	cp $^ build/tests/node
	npm ci --prefix build/tests/node --ignore-scripts --no-audit --no-fund --silent
	touch $@
