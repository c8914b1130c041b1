# SPDX-License-Identifier: GPL-2.0-only
# The tests, and the targets that run things: see tests/README.md.
#
# A folder of tests has a build.mk of its own, which adds to
#
#	TESTS		test programs, $(BUILD)/tests/FOLDER/NAME, built by `make tests`
#	SAN_TESTS	those among them that run under the sanitizers too; they are
#			built once more with BUILD=build/asan and BUILD=build/tsan
#
# and uses $(KSELFTEST)/kselftest_harness.h. What runs, where and how long is one
# line each in tests/suites.

TESTS     =
SAN_TESTS =

# The harness comes from the kernel's source, the same for every build folder.
KSELFTEST        := build/kselftest
KSELFTEST_H      := $(KSELFTEST)/kselftest_harness.h
KSELFTEST_CFLAGS := -isystem $(KSELFTEST)

$(KSELFTEST_H):
	tests/extract-kselftest $(KSELFTEST)

include $(wildcard tests/*/build.mk)

# What runs from the build folder ends before that goes.
CLEAN += $(if $(wildcard build/run/pid),stop)

.PHONY: tests san-tests deps test test-debug soak bench-device bench-bridge bench-archive bench-replica bench-view check run stop

tests: $(TESTS)
san-tests: $(SAN_TESTS)

# What is missing on this machine; `make deps DEPS=--all` for every target.
deps:
	tests/install-deps $(DEPS)

# On every processor, unless make was told how many.
SUB = +$(MAKE) --no-print-directory $(if $(filter -j% --jobserver%,$(MAKEFLAGS)),,-j$(shell nproc))

test:
	@tests/install-deps
	$(SUB) all tests
	$(SUB) san-tests BUILD=build/asan SANITIZE=address,undefined
	$(SUB) san-tests BUILD=build/tsan SANITIZE=thread
	@tests/run --set test $(RUN_FLAGS)

test-debug:
	@tests/install-deps --debug
	$(SUB) all tests
	@tests/vm/debug-kernel
	@tests/run --set debug $(RUN_FLAGS)

soak:
	@tests/install-deps --debug
	$(SUB) all tests
	$(SUB) san-tests BUILD=build/asan SANITIZE=address,undefined
	$(SUB) san-tests BUILD=build/tsan SANITIZE=thread
	@tests/vm/debug-kernel
	@tests/run --set soak $(RUN_FLAGS)

bench-device:
	@tests/install-deps
	$(SUB) all tests
	@tests/bench/device

# BENCH_FLAGS: rows by name, --quick; tests/bench/bridge --help.
bench-bridge:
	@tests/install-deps --bench
	$(SUB) all tests
	@tests/bench/bridge $(BENCH_FLAGS)

# BENCH_FLAGS: --dir FOLDER says on which disk.
bench-archive: $(BUILD)/tests/bench/archive_bench
	@$< $(BENCH_FLAGS)

# BENCH_FLAGS: tests/bench/view --help.
bench-view:
	@tests/install-deps
	$(SUB) all tests
	@tests/bench/view $(BENCH_FLAGS)

bench-replica: $(REPLICA) $(BRIDGE) $(REPLICA_TESTS)
	@tests/bench/replica/measure.py $(BENCH_FLAGS)

check:
	@tests/install-deps --check
	@tests/check

# BACKEND=fuse needs neither a guest nor a module.
run:
	$(if $(filter-out fuse,$(BACKEND)),$(error BACKEND is fuse or nothing, not $(BACKEND)))
	@tests/install-deps $(if $(filter fuse,$(BACKEND)),--fuse,--run)
	$(SUB) $(if $(filter fuse,$(BACKEND)),programs,all)
	@tests/vm/machine $(if $(filter 1,$(HOST)),--host) $(if $(BACKEND),--$(BACKEND))

stop:
	@tests/vm/machine --stop
