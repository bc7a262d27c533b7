# homek8sd: build, test, install. `make help` lists the targets.

PREFIX ?= /usr/local
sysconfdir ?= /etc
BUILD ?= build
VERSION := 0.1.0

CC ?= cc
PKGS_LIB := json-c yaml-0.1 libxml-2.0
PKGS_DAEMON := $(PKGS_LIB) libvirt libcurl libsystemd
PKGS_TEST := check

WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
	-Wconversion $(if $(CI),-Werror)
HARDEN := -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fstack-clash-protection \
	-fcf-protection -fPIE
OPT ?= -O2 -g
# SAN=address,undefined or SAN=thread builds everything under that sanitizer.
SANFLAGS := $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer -fno-sanitize-recover=all)
CFLAGS_ALL = -std=gnu17 $(OPT) $(WARN) $(if $(SAN),$(SANFLAGS),$(HARDEN)) -MMD -MP -I. \
	-D_GNU_SOURCE -DHOMEK8S_VERSION='"$(VERSION)"' -DHOMEK8S_SYSCONFDIR='"$(sysconfdir)"' \
	$(CFLAGS)
LDFLAGS_ALL = $(if $(SAN),$(SANFLAGS),-pie -Wl,-z,relro,-z,now) $(LDFLAGS)

pc_cflags = $(shell pkg-config --cflags $(1))
pc_libs = $(shell pkg-config --libs $(1))
INC := $(call pc_cflags,$(PKGS_DAEMON) $(PKGS_TEST))
LIBS_LIB := $(call pc_libs,$(PKGS_LIB))
LIBS_DAEMON := $(call pc_libs,$(PKGS_DAEMON)) -lev -lpthread
LIBS_TEST := $(call pc_libs,$(PKGS_TEST)) -lpthread

LIB_SRC := $(wildcard lib/*/*.c)
DAEMON_SRC := $(wildcard daemon/*.c daemon/virt/*.c daemon/kube/*.c daemon/host/*.c \
	daemon/control/*.c daemon/journal/*.c)
CTL_SRC := $(wildcard daemon/homek8sctl/*.c)
FAKE_SRC := $(wildcard test/fake/*.c)
UNIT_SRC := $(wildcard test/unit/test_*.c)
BENCH_SRC := $(wildcard test/bench/*.c)

LIB := $(BUILD)/libhomek8s.a
obj = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))
UNITS := $(patsubst test/unit/%.c,$(BUILD)/test/%,$(UNIT_SRC))
Q := $(if $(V),,@)

all: $(BUILD)/homek8sd $(BUILD)/homek8sctl

$(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(if $(V),,@echo "  CC    $<")
	$(Q)$(CC) $(CFLAGS_ALL) $(INC) -c -o $@ $<

$(LIB): $(call obj,$(LIB_SRC))
	$(if $(V),,@echo "  AR    $@")
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/homek8sd: $(call obj,$(DAEMON_SRC)) $(LIB)
	$(if $(V),,@echo "  LD    $@")
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LIBS_DAEMON)

$(BUILD)/homek8sctl: $(call obj,$(CTL_SRC)) $(LIB)
	$(if $(V),,@echo "  LD    $@")
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LIBS_LIB)

$(BUILD)/fake-apiserver: $(call obj,$(FAKE_SRC)) $(LIB)
	$(if $(V),,@echo "  LD    $@")
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LIBS_LIB) -lssl -lcrypto -lev -lpthread

$(BUILD)/test/%: $(BUILD)/obj/test/unit/%.o $(LIB)
	@mkdir -p $(@D)
	$(if $(V),,@echo "  LD    $@")
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LIBS_LIB) $(LIBS_TEST)

$(BUILD)/test/golden: $(BUILD)/obj/test/golden/golden.o $(LIB)
	@mkdir -p $(@D)
	$(if $(V),,@echo "  LD    $@")
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LIBS_LIB)


# Tests. `make check` runs every level this machine allows; see test/check.sh.

$(BUILD)/test/test_virt: $(call obj,$(wildcard test/virt/*.c daemon/virt/*.c) \
	daemon/host/clock.c) $(LIB)
$(BUILD)/test/test_kube: $(call obj,$(wildcard test/kube/*.c daemon/kube/*.c) \
	daemon/host/clock.c) $(LIB)
$(BUILD)/test/test_control: $(call obj,$(wildcard test/control/*.c daemon/control/*.c) \
	daemon/journal/journal.c daemon/host/clock.c) $(LIB)
$(BUILD)/test/test_host: $(call obj,$(wildcard test/host/*.c daemon/host/*.c)) $(LIB)

ADAPTER_TESTS := $(foreach d,virt kube control host,$(if $(wildcard test/$(d)/*.c),\
	$(BUILD)/test/test_$(d)))

$(ADAPTER_TESTS):
	@mkdir -p $(@D)
	$(if $(V),,@echo "  LD    $@")
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LIBS_DAEMON) $(LIBS_TEST) -lssl -lcrypto

TEST_PROGRAMS := $(UNITS) $(BUILD)/test/golden $(ADAPTER_TESTS) $(BUILD)/fake-apiserver

tests: all $(TEST_PROGRAMS)

check: tests
	@BUILD=$(BUILD) test/check.sh all

# The levels that need no network and no other machine's parts, under the sanitizers.
sanitize:
	+@$(MAKE) --no-print-directory BUILD=$(BUILD)/asan SAN=address,undefined OPT="-O1 -g" tests
	@BUILD=$(BUILD)/asan test/check.sh quick
	+@$(MAKE) --no-print-directory BUILD=$(BUILD)/tsan SAN=thread OPT="-O1 -g" tests
	@BUILD=$(BUILD)/tsan test/check.sh threads

lint:
	@test/lint.sh
	+@$(MAKE) --no-print-directory CC=clang CI=1 BUILD=$(BUILD)/clang tests

run: deps-run all $(BUILD)/fake-apiserver
	@BUILD=$(BUILD) test/run/run.sh

tour: deps-run all $(BUILD)/fake-apiserver
	@BUILD=$(BUILD) test/run/tour.sh

# Packages: what building, running and testing need on Debian 12.
deps:
	@test/deps.sh all

deps-run:
	@test/deps.sh run

clean:
	rm -rf $(BUILD)

help:
	@sed -n 's/^#: //p' Makefile

#: make            build/homek8sd and build/homek8sctl
#: make run        a private home to play with: converges, stays, Ctrl-C ends it
#: make tour       the same unattended: breaks things and tells how long they take to heal
#: make check      every test this machine allows (root on Debian 12: all of them)
#: make bench      the figures, each beside its floor
#: make lint       format, rules, gcc and clang with every warning an error
#: make sanitize   tests under AddressSanitizer, UBSan and ThreadSanitizer
#: make deps       the packages all this needs
#: make install    with DESTDIR, PREFIX, sysconfdir; make uninstall undoes it
#: make clean

.PHONY: all tests check sanitize lint run tour deps deps-run clean help

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)
