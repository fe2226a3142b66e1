# SPDX-License-Identifier: Apache-2.0
#
# Two targets are enough for a newcomer: `make demo` and `make test`. The build itself is meson's.
BUILD ?= build
PREFIX ?= /usr/local
JOBS ?= $(shell nproc)
# YES=1: install missing packages without asking. WERROR=1: a warning ends the build.
export YES
SETUP = --prefix=$(PREFIX) $(if $(WERROR),-Dwerror=true)

.PHONY: all build demo test guests check-asan fuzz bench lint coverage docs install clean help ground ground-lint ground-coverage ground-fuzz ground-docs ground-languages
.DELETE_ON_ERROR:

all: build

help:
	@echo 'make               build the library and the command (in $(BUILD)/)'
	@echo 'make demo          build, then show a skill, a denial and a stopped loop'
	@echo 'make test          build, then run every test'
	@echo 'make guests        get the toolchains of other languages into the user cache; their guests are then tested too (minutes, once)'
	@echo 'make check-asan    the tests under address, undefined-behaviour and leak sanitizers; the scheduler and the gateway under the thread sanitizer'
	@echo 'make fuzz          each fuzz target for SECONDS (30); T="grant args" only those'
	@echo 'make bench         measure'
	@echo 'make lint          gcc -fanalyzer and clang-tidy'
	@echo 'make coverage      the tests, and the share of lines they reach'
	@echo 'make docs          the reference of the library as HTML, in $(BUILD)/docs'
	@echo 'make install       install below PREFIX ($(PREFIX)), with DESTDIR in front'
	@echo 'make clean         remove what was built here (the engine stays in the user cache)'
	@echo 'YES=1              install missing packages without asking'

ground:
	@scripts/ground
ground-lint:
	@scripts/ground lint
ground-coverage:
	@scripts/ground coverage
ground-fuzz:
	@scripts/ground fuzz
ground-docs:
	@scripts/ground docs
# Without these the tests of a language are skipped, and say so.
ground-languages:
	@scripts/ground languages || echo "ground: going on without; the tests of languages whose tools are missing are skipped"

# $(call ninja,FOLDER,SETUP OPTIONS,TARGETS): sets a build directory up once, then builds.
define ninja
@test -f $(1)/build.ninja || meson setup $(1) $(SETUP) $(2)
@ninja -C $(1) -j $(JOBS) $(3)
endef

build: ground
	$(call ninja,$(BUILD))

demo: build
	@scripts/demo $(BUILD)/cli/cordon

test: ground-languages build
	@scripts/run-tests $(BUILD)

guests: ground
	@scripts/guests --all

check-asan: ground
	$(call ninja,build-tsan,-Db_sanitize=thread -Db_lundef=false,tests/unit/sched-tests tests/unit/egress-tests tests/unit/fetch-tests tests/unit/audit-tests)
	$(call ninja,build-asan,-Db_sanitize=address$(comma)undefined -Db_lundef=false)
	@scripts/run-tests build-asan --also build-tsan/tests/unit/sched-tests --also build-tsan/tests/unit/egress-tests --also build-tsan/tests/unit/fetch-tests --also build-tsan/tests/unit/audit-tests

# T: which targets (fuzz/*.c); none: all but `compile`.
fuzz: export CC = clang-14
fuzz: ground-fuzz
	$(call ninja,build-fuzz,-Db_sanitize=address$(comma)undefined -Db_lundef=false -Dc_args="$(FUZZ_ARGS)",$(if $(T),$(T:%=fuzz/fuzz-%),fuzz-all))
	@fuzz/run build-fuzz $(or $(SECONDS),30) $(T)

bench: build
	@bench/run $(BUILD)

lint: ground-lint build
	$(call ninja,build-lint,-Dc_args="$(LINT_ARGS)" -Dwerror=true,code-alone)
	@scripts/tidy $(BUILD)

coverage: ground-coverage
	$(call ninja,build-coverage,-Db_coverage=true)
	@scripts/run-tests build-coverage
	@gcovr --root . --filter 'src/' --print-summary --sort-uncovered build-coverage

docs: ground-docs
	@rm -rf $(BUILD)/docs
	@scripts/docs $(BUILD)/docs

install:
	@test -f $(BUILD)/build.ninja || { echo 'first: make' >&2; exit 2; }
	@meson install -C $(BUILD) --no-rebuild

clean:
	rm -rf $(BUILD) build-asan build-tsan build-fuzz build-lint build-coverage

comma := ,
# gcc 12 follows neither counts of references nor what is stored in a tree. What it takes for leaks and for uses of what is
# freed, the sanitizers watch in the tests (make check-asan). CORDON_LINT: see src/base/error.h and src/base/cleanup.h.
LINT_ARGS = -fanalyzer -DCORDON_LINT -Wno-analyzer-malloc-leak -Wno-analyzer-use-after-free -Wno-analyzer-double-free
FUZZ_ARGS = -fsanitize=fuzzer-no-link -fno-sanitize-recover=undefined
