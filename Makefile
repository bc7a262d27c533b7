# homek8sd: build, test, install. `make help` lists the targets.

PREFIX ?= /usr/local
sysconfdir ?= /etc
BUILD ?= build
VERSION := 0.1.0

CC ?= cc
PKGS_LIB := json-c yaml-0.1 libxml-2.0
PKGS_DAEMON := $(PKGS_LIB) libvirt libcurl libsystemd libisofs-1
PKGS_TEST := check

WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
	-Wconversion $(if $(CI),-Werror)
HARDEN := -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fstack-clash-protection \
	-fcf-protection -fPIE
OPT ?= -O3 -g
# SAN=address,undefined or SAN=thread builds everything under that sanitizer.
SANFLAGS := $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer -fno-sanitize-recover=all)
CFLAGS_ALL = -std=gnu17 $(OPT) $(WARN) $(if $(SAN),$(SANFLAGS),$(HARDEN)) -MMD -MP -I. \
	-D_GNU_SOURCE -DHOMEK8S_VERSION='"$(VERSION)"' -DHOMEK8S_SYSCONFDIR='"$(sysconfdir)"' \
	$(CFLAGS)
LDFLAGS_ALL = $(if $(SAN),$(SANFLAGS),-pie -Wl,-z,relro,-z,now) $(LDFLAGS)

# Asked when something is compiled, and once: targets that install packages come before that.
pkg_config = $(or $(shell pkg-config $(1)),$(error packages are missing: \
	"make deps-run" installs what building needs$(comma) "make deps" what testing needs too))
comma := ,
once = $(eval $(1) := $(2))$($(1))
INC = $(call once,INC,$(call pkg_config,--cflags $(PKGS_DAEMON) $(PKGS_TEST)))
LIBS_LIB = $(call once,LIBS_LIB,$(call pkg_config,--libs $(PKGS_LIB)))
LIBS_DAEMON = $(call once,LIBS_DAEMON,$(call pkg_config,--libs $(PKGS_DAEMON)) -lev -lpthread)
LIBS_TEST = $(call once,LIBS_TEST,$(call pkg_config,--libs $(PKGS_TEST)) -lpthread)

LIB_SRC := $(wildcard lib/*/*.c lib/*/*/*.c)
DAEMON_SRC := $(wildcard daemon/*.c daemon/engine/*.c daemon/virt/*.c daemon/kube/*.c daemon/host/*.c \
	daemon/control/*.c daemon/journal/*.c)
CTL_SRC := $(wildcard daemon/homek8sctl/*.c)
FAKE_SRC := $(wildcard test/fake/*.c)
UNIT_SRC := $(wildcard test/unit/test_*.c)
BENCH_SRC := $(wildcard test/bench/bench_*.c)

LIB := $(BUILD)/libhomek8s.a
obj = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))
UNITS := $(patsubst test/unit/%.c,$(BUILD)/test/%,$(UNIT_SRC))
BENCHES := $(patsubst test/bench/%.c,$(BUILD)/test/%,$(BENCH_SRC))
Q := $(if $(V),,@)

# What is being done, and where TOTAL is given, how far it is.
say = $(if $(TOTAL),$(eval DONE += x)$(eval NTH := [$(words $(DONE))/$(TOTAL)] ))$(if $(V),,@echo \
	"  $(NTH)$(1)")
# Builds $(1) from a recipe, saying how far it is, on all processors unless -j says how many.
jobs = $(if $(findstring -j,$(MAKEFLAGS)),,-j$(shell nproc))
build = +@total=$$($(MAKE) -n --no-print-directory $(1) 2>/dev/null | \
	grep -cE '^echo "  ?(CC|LD|AR) '); \
	$(MAKE) -s --no-print-directory $(jobs) TOTAL=$$total $(1)

all: $(BUILD)/homek8sd $(BUILD)/homek8sctl

$(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC    $<)
	$(Q)$(CC) $(CFLAGS_ALL) $(INC) -c -o $@ $<

$(LIB): $(call obj,$(LIB_SRC))
	$(call say,AR    $@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/homek8sd: $(call obj,$(DAEMON_SRC)) $(LIB)
	$(call say,LD    $@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LIBS_DAEMON)

$(BUILD)/homek8sctl: $(call obj,$(CTL_SRC)) $(LIB)
	$(call say,LD    $@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LIBS_LIB)

$(BUILD)/fake-apiserver: $(call obj,$(FAKE_SRC)) $(LIB)
	$(call say,LD    $@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LIBS_LIB) -lssl -lcrypto -lev -lpthread

# For test/daemon: the part of a system bus that homek8sd asks.
$(BUILD)/fake-logind: $(call obj,test/daemon/fake_logind.c)
	$(call say,LD    $@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LIBS_DAEMON)

$(BUILD)/test/%: $(BUILD)/obj/test/unit/%.o $(LIB)
	@mkdir -p $(@D)
	$(call say,LD    $@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LIBS_LIB) $(LIBS_TEST)

# The screens of homek8sctl: all of it but its terminal and its connection.
SCREENS := $(wildcard test/screens/*.c) test/golden/world.c $(filter-out \
	$(addprefix daemon/homek8sctl/,main.c client.c terminal.c),$(CTL_SRC))
$(BUILD)/test/test_screens $(BUILD)/test/test_mistakes: $(BUILD)/test/test_%: \
	$(BUILD)/obj/test/unit/test_%.o $(call obj,$(SCREENS)) $(LIB)
	@mkdir -p $(@D)
	$(call say,LD    $@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LIBS_LIB) $(LIBS_TEST)

GOLDEN_SRC := $(wildcard test/golden/*.c)
$(BUILD)/test/golden: $(call obj,$(GOLDEN_SRC)) $(LIB)
	@mkdir -p $(@D)
	$(call say,LD    $@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LIBS_LIB)

# The test of the frame: the tables are built again with kinds of test/frame, everything else is
# linked as it is.
FRAME_TABLES := lib/kind/kinds.c lib/kind/actions.c daemon/host/noun.c daemon/kube/actions.c \
	daemon/virt/steps.c
FRAME_DEFS := -DKINDS_DEF='"test/frame/kinds.def"' -DACTIONS_DEF='"test/frame/actions.def"' \
	-DNOUNS_DEF='"test/frame/nouns.def"'
FRAME := $(addprefix $(BUILD)/test/frame-,homek8sd homek8sctl golden phases)
frame = $(patsubst %.c,$(BUILD)/obj/frame/%.o,$(1))

$(BUILD)/obj/frame/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC    $< (test/frame))
	$(Q)$(CC) $(CFLAGS_ALL) $(FRAME_DEFS) $(INC) -c -o $@ $<

FRAME_LIB := $(call frame,$(filter lib/%,$(FRAME_TABLES)) \
	$(filter-out %_host.c %/host.c %/phases.c,$(wildcard test/frame/*.c))) $(LIB)
$(BUILD)/test/frame-homek8sd: $(call frame,$(filter daemon/%,$(FRAME_TABLES)) \
	$(wildcard test/frame/*_host.c test/frame/host.c)) \
	$(call obj,$(filter-out $(FRAME_TABLES),$(DAEMON_SRC))) $(FRAME_LIB)
$(BUILD)/test/frame-homek8sctl: $(call obj,$(CTL_SRC)) $(FRAME_LIB)
$(BUILD)/test/frame-golden: $(call obj,$(GOLDEN_SRC)) $(FRAME_LIB)
$(BUILD)/test/frame-phases: $(call frame,test/frame/phases.c) $(FRAME_LIB)
$(FRAME):
	@mkdir -p $(@D)
	$(call say,LD    $@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LIBS_DAEMON) $(LIBS_TEST)

# The simulator: the engine and all of lib/ as they are; clocks, event loop, disk and sources
# are its own.
$(BUILD)/test/sim: $(call obj,$(wildcard test/sim/*.c) daemon/engine/config_load.c \
	daemon/engine/cycle.c daemon/engine/engine.c daemon/engine/executor.c \
	daemon/engine/executor_flow.c daemon/engine/executor_parts.c daemon/engine/inbox.c \
	daemon/engine/inbox_steps.c daemon/engine/requests.c daemon/engine/adapters.c) $(LIB)
	@mkdir -p $(@D)
	$(call say,LD    $@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LIBS_LIB)
	$(shell mkdir -p $(@D))$(file >$@.flags,$(SIM_FLAGS))

# How it was built, a line each, for test/sim/test_planted.py.
define SIM_FLAGS
$(CC) $(CFLAGS_ALL) $(INC)
$(CC) $(LDFLAGS_ALL)
$(filter %.o,$^)
$(LIB) $(LIBS_LIB)
endef

# Tests. `make check` runs every level this machine allows; see test/check.sh.

# test/virt holds several programs and the parts they share.
VIRT_TESTS := $(patsubst test/virt/%.c,$(BUILD)/test/%,$(wildcard test/virt/test_*.c))
VIRT_PARTS := $(filter-out test/virt/test_%,$(wildcard test/virt/*.c)) \
	$(filter-out daemon/virt/adapter.c,$(wildcard daemon/virt/*.c)) \
	daemon/host/clock.c daemon/host/dhcp_sockets.c daemon/host/dnsmasq.c \
	daemon/host/links.c daemon/host/threads.c
$(VIRT_TESTS): $(BUILD)/test/%: $(BUILD)/obj/test/virt/%.o $(call obj,$(VIRT_PARTS)) $(LIB)
$(BUILD)/test/test_kube: $(call obj,$(wildcard test/kube/*.c) \
	$(filter-out daemon/kube/adapter.c,$(wildcard daemon/kube/*.c)) \
	daemon/host/clock.c) $(LIB)
$(BUILD)/test/test_control: $(call obj,$(wildcard test/control/*.c daemon/control/*.c) \
	daemon/journal/journal.c daemon/host/clock.c) $(LIB)
$(BUILD)/test/test_executor: $(call obj,$(wildcard test/engine/*.c) daemon/engine/executor.c \
	daemon/engine/executor_flow.c daemon/engine/executor_parts.c) $(LIB)
$(BUILD)/test/test_host: $(call obj,$(wildcard test/host/*.c) \
	$(filter-out daemon/host/adapter.c daemon/host/noun.c,$(wildcard daemon/host/*.c))) $(LIB)

$(BENCHES): $(BUILD)/test/bench_%: $(BUILD)/obj/test/bench/bench_%.o $(call obj,test/bench/measure.c \
	test/bench/clients.c) $(LIB)
	@mkdir -p $(@D)
	$(call say,LD    $@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LIBS_DAEMON)

ADAPTER_TESTS := $(VIRT_TESTS) $(addprefix $(BUILD)/test/test_,kube control host executor)

$(ADAPTER_TESTS):
	@mkdir -p $(@D)
	$(call say,LD    $@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LIBS_DAEMON) $(LIBS_TEST) -lssl -lcrypto

TEST_PROGRAMS := $(UNITS) $(BUILD)/test/golden $(BUILD)/test/sim $(FRAME) $(ADAPTER_TESTS) $(BUILD)/fake-apiserver \
	$(BUILD)/fake-logind

tests: all $(TEST_PROGRAMS)

# The packages come first, and only then does make know what pkg-config says of them.
check:
	@test/deps.sh check
	$(call build,tests)
	@exec env BUILD=$(BUILD) test/check.sh all

# The levels that need no network and no other machine's parts, under the sanitizers.
sanitize:
	+@$(MAKE) --no-print-directory BUILD=$(BUILD)/asan SAN=address,undefined OPT="-O1 -g" tests
	@BUILD=$(BUILD)/asan test/check.sh quick
	+@$(MAKE) --no-print-directory BUILD=$(BUILD)/tsan SAN=thread OPT="-O1 -g" tests
	@BUILD=$(BUILD)/tsan test/check.sh threads

# Each reader of foreign bytes under libFuzzer for FUZZ_SECONDS.
FUZZ_SECONDS ?= 10
FUZZ := $(patsubst test/fuzz/%.c,$(BUILD)/fuzz/%,$(wildcard test/fuzz/fuzz_*.c))

$(BUILD)/fuzz_%: $(BUILD)/obj/test/fuzz/fuzz_%.o $(LIB)
	$(call say,LD    $@)
	$(Q)$(CC) -fsanitize=fuzzer,address,undefined -o $@ $^ $(LIBS_LIB)

fuzz:
	+@$(MAKE) --no-print-directory CC=clang BUILD=$(BUILD)/fuzz OPT="-O1 -g" \
		SAN=fuzzer-no-link,address,undefined $(FUZZ)
	@BUILD=$(BUILD) FUZZ_SECONDS=$(FUZZ_SECONDS) test/check.sh fuzz

lint:
	@test/lint.sh
	+@$(MAKE) --no-print-directory CC=clang CI=1 BUILD=$(BUILD)/clang tests

run: deps-run
	$(call build,all $(BUILD)/fake-apiserver)
	@exec env BUILD=$(BUILD) test/run/run.sh

tour: deps-run
	$(call build,all $(BUILD)/fake-apiserver)
	@exec env BUILD=$(BUILD) test/run/tour.sh

bench: all $(BUILD)/fake-apiserver $(BENCHES)
	@BUILD=$(BUILD) test/bench/bench.sh

# A Debian package, of what is built here; see units/deb.
deb: all
	@units/deb/build.sh $(BUILD) $(VERSION)

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
#: make fuzz       each reader of foreign bytes under libFuzzer, FUZZ_SECONDS each
#: make lint       format, rules, gcc and clang with every warning an error
#: make sanitize   tests under AddressSanitizer, UBSan and ThreadSanitizer
#: make deps       the packages all this needs
#: make deb        build/homek8sd_VERSION_ARCH.deb
#: make install    with DESTDIR, PREFIX, sysconfdir; make uninstall undoes it
#: make clean

.SECONDARY:
.PHONY: all tests check sanitize fuzz lint run tour bench deb deps deps-run clean help

# Installing. `make install` touches nothing that stands in /etc/homek8s and starts nothing; what
# `make uninstall` removes is the same list.

BINDIR ?= $(PREFIX)/bin
MANDIR ?= $(PREFIX)/share/man
DOCDIR ?= $(PREFIX)/share/doc/homek8s
BASHCOMPDIR ?= $(PREFIX)/share/bash-completion/completions
ZSHCOMPDIR ?= $(PREFIX)/share/zsh/site-functions
POLKITDIR ?= /usr/share/polkit-1/rules.d
systemd_dir = $(or $(shell pkg-config --variable=$(1) systemd 2>/dev/null),$(2))
UNITDIR ?= $(call systemd_dir,systemdsystemunitdir,/lib/systemd/system)
SYSUSERSDIR ?= $(call systemd_dir,sysusersdir,/usr/lib/sysusers.d)
CATALOGDIR ?= $(call systemd_dir,catalogdir,/usr/lib/systemd/catalog)

# MODE:FROM:TO
INSTALLED = \
	755:$(BUILD)/homek8sd:$(BINDIR)/homek8sd \
	755:$(BUILD)/homek8sctl:$(BINDIR)/homek8sctl \
	644:units/homek8sd.service:$(UNITDIR)/homek8sd.service \
	644:units/homek8s.sysusers:$(SYSUSERSDIR)/homek8s.conf \
	644:units/homek8s.catalog:$(CATALOGDIR)/homek8s.catalog \
	644:units/50-homek8s.rules:$(POLKITDIR)/50-homek8s.rules \
	644:units/completion/homek8sctl.bash:$(BASHCOMPDIR)/homek8sctl \
	644:units/completion/_homek8sctl:$(ZSHCOMPDIR)/_homek8sctl \
	644:daemon/homek8sd.8:$(MANDIR)/man8/homek8sd.8 \
	644:daemon/homek8sctl/homek8sctl.1:$(MANDIR)/man1/homek8sctl.1 \
	644:conf/homek8s.yaml.5:$(MANDIR)/man5/homek8s.yaml.5 \
	644:conf/homek8s.schema.json:$(DOCDIR)/homek8s.schema.json \
	644:conf/cluster-role.yaml:$(DOCDIR)/cluster-role.yaml \
	644:conf/service-account.yaml:$(DOCDIR)/service-account.yaml \
	755:conf/kubeconfig.sh:$(DOCDIR)/kubeconfig.sh \
	644:conf/kubeconfig.md:$(DOCDIR)/kubeconfig.md \
	644:conf/example/homek8s.yaml:$(DOCDIR)/example/homek8s.yaml \
	644:conf/example/desired.d/home.yaml:$(DOCDIR)/example/desired.d/home.yaml

# The unit is a template; systemd makes ConfigurationDirectory= in /etc and nowhere else.
FILL = -e 's|@BINDIR@|$(BINDIR)|g' -e 's|@SYSCONFDIR@|$(sysconfdir)|g' \
	$(if $(filter-out /etc,$(sysconfdir)),-e '/^ConfigurationDirectory=/d')

install:
	$(call build,all)
	$(Q)set -e; IFS=:; for entry in $(INSTALLED); do \
		set -- $$entry; to='$(DESTDIR)'$$3; \
		install -D -m $$1 $$2 "$$to"; \
		case $$2 in *.service) sed $(FILL) $$2 >"$$to" ;; esac; done
	$(Q)install -d -m 755 '$(DESTDIR)$(sysconfdir)/homek8s/desired.d'
	$(Q)$(if $(DESTDIR),true,[ ! -d /run/systemd/system ] || { systemd-sysusers && \
		systemctl daemon-reload && journalctl --update-catalog; })
	@echo "installed; next: systemctl enable --now homek8sd, then homek8sctl import or homek8sctl" \
		"example, and what it prints into $(sysconfdir)/homek8s/desired.d/home.yaml"

uninstall:
	$(Q)$(if $(DESTDIR),true,[ ! -d /run/systemd/system ] || \
		systemctl disable --now homek8sd || true)
	$(Q)set -e; IFS=:; for entry in $(INSTALLED); do \
		set -- $$entry; rm -f '$(DESTDIR)'$$3; done
	$(Q)for dir in $(DOCDIR)/example/desired.d $(DOCDIR)/example $(DOCDIR); do \
		rmdir '$(DESTDIR)'$$dir 2>/dev/null || true; done
	$(Q)$(if $(DESTDIR),true,[ ! -d /run/systemd/system ] || { systemctl daemon-reload && \
		journalctl --update-catalog; })
	@echo "VMs, networks and what is in the cluster stay as they are. What else stays, and what removes it:"
	@for dir in $(sysconfdir)/homek8s /var/lib/homek8s /etc/systemd/system/homek8sd.service.d; do \
		[ ! -e '$(DESTDIR)'$$dir ] || echo "  rm -r $(DESTDIR)$$dir"; done
	@! grep -qs '^homek8s:' '$(DESTDIR)/etc/passwd' || echo "  userdel $(if $(DESTDIR),--root $(DESTDIR) )homek8s"

.PHONY: install uninstall

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)
