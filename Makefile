# webserv: `make` builds ./webserv, `make run` serves conf/default.conf, `make deps test` installs what
# the tests need and runs them. `make help` lists the rest.

VERSION := 0.1.0
CC ?= cc
BUILD ?= build
PREFIX ?= /usr/local
DESTDIR ?=

CSTD := -std=c17 -D_GNU_SOURCE
WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror
HARDEN := -fstack-protector-strong -fPIE
OPT ?= -O2 -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3
# What a request passes through is built for speed, all the rest for size.
SIZE ?= -Os
HOT := $(wildcard $(addprefix src/,base/arena.c base/buf.c base/clock.c base/heap.c base/map.c base/str.c \
	http/head.c http/target.c http/host.c http/field.c http/framing.c http/precondition.c http/range.c http/date.c \
	net/io.c net/loop.c net/timer.c server/conn*.c server/request.c server/decide.c server/route.c server/response*.c \
	server/output.c server/body.c server/range_body.c server/file_cache.c server/access_log.c server/limiter.c \
	server/worker.c handlers/static_file.c handlers/cgi_env.c handlers/cgi_output.c))
# No tables for unwinding in the binary (a debugger has its own), relocations packed, nothing unused.
SMALL := -fno-asynchronous-unwind-tables -ffunction-sections -fdata-sections
CFLAGS ?= -g
# Nothing of the machine or the day gets into the binary: two builds of one commit are equal.
REPRODUCIBLE := -ffile-prefix-map=$(CURDIR)=.
ALL_CFLAGS = $(CSTD) $(WARN) $(HARDEN) $(SMALL) $(OPT) $(SIZE) $(CFLAGS) $(SANITIZE) -Iinclude \
	-DWEBSERV_VERSION='"$(VERSION)"' $(REPRODUCIBLE)
ALL_LDFLAGS = -pie -Wl,-z,relro,-z,now,-z,pack-relative-relocs $(SANITIZE) $(LDFLAGS)

LAYERS := base http net conf server handlers
LIB_SRC := $(sort $(wildcard $(LAYERS:%=src/%/*.c)) $(filter-out src/main/main.c,$(wildcard src/main/*.c)))
LIB_OBJ := $(LIB_SRC:%.c=$(BUILD)/%.o)
MAIN_OBJ := $(BUILD)/src/main/main.o
LIB := $(BUILD)/libwebserv.a
# The sanitized build has a binary of its own, so that it never stands in for the real one.
BINARY ?= webserv
CGI_PROGRAMS := $(patsubst %.c,%.cgi,$(wildcard www/cgi-bin/*.c))

all: $(BINARY) $(CGI_PROGRAMS) manual

# Only here: what nobody calls in a test program are the tests themselves.
$(BINARY): $(MAIN_OBJ) $(LIB)
	$(CC) $(ALL_LDFLAGS) -Wl,--gc-sections -o $@ $^

$(LIB): $(LIB_OBJ)
	@rm -f $@
	$(AR) rcs $@ $^

$(HOT:%.c=$(BUILD)/%.o): SIZE :=

$(BUILD)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# The demonstration site's compiled CGI program.
www/cgi-bin/%.cgi: www/cgi-bin/%.c
	$(CC) $(CSTD) -O2 -Wall -Wextra -o $@ $<

# ---- the manual: texts joined with the server's tables by a program that is no part of the server

GENERATE := www/manual/source/generate
GENERATE_OBJ := $(patsubst %.c,$(BUILD)/%.o,$(filter-out $(GENERATE)/main.c,$(wildcard $(GENERATE)/*.c)))
MANUAL := $(BUILD)/manual
MANUAL_TEXTS := www/manual/directives.txt $(wildcard www/manual/source/*.txt www/manual/source/pictures/*.svg)
MANUAL_PAGES := $(addprefix www/manual/,$(addsuffix .html,index tutorial language directives variables explain cgi \
	uploads proxy security reload tuning metrics command nginx))
MAN_PAGES := $(BUILD)/man/webserv.8 $(BUILD)/man/webserv.conf.5

manual: $(MANUAL_PAGES)
man: $(MAN_PAGES)

$(MANUAL): $(BUILD)/$(GENERATE)/main.o $(GENERATE_OBJ) $(LIB)
	$(CC) $(ALL_LDFLAGS) -o $@ $^

$(MANUAL_PAGES): www/manual/%.html: $(MANUAL) $(MANUAL_TEXTS)
	$(MANUAL) www/manual $(@F) >$@

$(MAN_PAGES): $(BUILD)/man/%: $(MANUAL) $(MANUAL_TEXTS)
	@mkdir -p $(@D)
	$(MANUAL) www/manual $(@F) >$@

run: all
	./webserv conf/default.conf

# ---- tests: one Criterion program for each folder of tests/unit (which mirrors src/), and one for tests/live

UNIT_DIRS := $(notdir $(patsubst %/,%,$(wildcard tests/unit/*/)))
UNIT_BINS := $(UNIT_DIRS:%=$(BUILD)/test_%)
LIVE_BIN := $(if $(wildcard tests/live/*.c),$(BUILD)/test_live)
SUPPORT_OBJ := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/support/*.c))

# Tests make memory run out: see tests/support/memory.h.
TEST_WRAP := -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc

define test_program
$(BUILD)/test_$(1): $(patsubst %.c,$(BUILD)/%.o,$(wildcard $(2)/*.c)) $(SUPPORT_OBJ) $(LIB)
	$$(CC) $$(ALL_LDFLAGS) $$(TEST_WRAP) -o $$@ $$(filter-out $$(LIB),$$^) $$(LIB) -lcriterion
endef
$(foreach dir,$(UNIT_DIRS),$(eval $(call test_program,$(dir),tests/unit/$(dir))))
$(BUILD)/test_manual $(BUILD)/test_live: $(GENERATE_OBJ)
$(eval $(call test_program,live,tests/live))

# Criterion's own macros do not pass -Wconversion with gcc.
$(BUILD)/tests/%.o: tests/%.c Makefile
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -Wno-conversion -Itests/support -I$(GENERATE) -MMD -MP -c -o $@ $<

TEST_JOBS ?= 2

# The suite's result in one line at the end, whatever came before.
test: all $(UNIT_BINS) $(LIVE_BIN)
	@WEBSERV=$(CURDIR)/$(BINARY) BUILD=$(BUILD) JOBS=$(TEST_JOBS) tests/run.sh $(UNIT_BINS) $(LIVE_BIN)

unit: $(UNIT_BINS)
	@JOBS=$(TEST_JOBS) tests/run.sh $(UNIT_BINS)

# The whole suite again with the address and undefined-behaviour sanitizers, leaks included.
SANITIZED := BUILD=build-asan BINARY=build-asan/webserv OPT=-O1 SIZE= \
	SANITIZE='-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer'
asan:
	$(MAKE) $(SANITIZED) test

# The pure parsers, the machines and a session of live requests under valgrind.
valgrind: all $(UNIT_BINS)
	BUILD=$(BUILD) tests/valgrind.sh

# A real browser on the default site: needs Node.js, npm and Debian's Chromium (make deps-browser).
browser-test: all
	BUILD=$(BUILD) tests/browser/run.sh

FUZZ_SECONDS ?= 60
FUZZ_BINS := $(patsubst tests/fuzz/%.c,build-fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_SANITIZE := address,undefined -fno-sanitize-recover=all

# The code under test once for all targets, in a folder of its own.
fuzz-library:
	$(MAKE) BUILD=build-fuzz CC=clang OPT=-O1 SIZE= SANITIZE='-fsanitize=fuzzer-no-link,$(FUZZ_SANITIZE)' \
		build-fuzz/libwebserv.a

build-fuzz/fuzz_%: tests/fuzz/fuzz_%.c fuzz-library
	clang $(CSTD) -g -O1 -fsanitize=fuzzer,$(FUZZ_SANITIZE) -Iinclude -Itests/fuzz -o $@ $< \
		build-fuzz/libwebserv.a

fuzz: $(FUZZ_BINS)
	tests/fuzz/run.sh $(FUZZ_SECONDS) $(FUZZ_BINS)

# Configurations, mutated, through the sanitized binary's -t.
FUZZ_CONFIG_SECONDS ?= 300
fuzz-config:
	$(MAKE) $(SANITIZED) build-asan/webserv
	tests/fuzz/config.py build-asan/webserv $(FUZZ_CONFIG_SECONDS) $(FUZZ_CONFIG_SEED)

# Reloads and upgrades under load (20 s); needs wrk and ab.
RELOADS ?= 50
UPGRADES ?= 10
replace-test: all
	tests/soak/replace.sh ./$(BINARY) $(RELOADS) $(UPGRADES)

# ---- the house's rules

check: format tidy layers sizes

format:
	clang-format --dry-run -Werror $$(git ls-files 'src/*.[ch]' 'include/*.h' 'www/manual/*.[ch]' 'tests/*.[ch]')

tidy: compile_commands.json
	git ls-files 'src/*.c' | xargs -P 2 -n 8 clang-tidy --quiet -p .

layers:
	tests/check/layers.sh

sizes:
	tests/check/sizes.sh

compile_commands.json: Makefile
	tests/check/compile_commands.sh "$(CC) $(CSTD) $(WARN) -Iinclude -DWEBSERV_VERSION='\"$(VERSION)\"'" $(LIB_SRC) src/main/main.c >$@

# ---- installing

# What shells know of the options, and where each looks for it.
SHARE = $(DESTDIR)$(PREFIX)/share
COMPLETIONS := webserv.bash=bash-completion/completions/webserv _webserv=zsh/site-functions/_webserv \
	webserv.fish=fish/vendor_completions.d/webserv.fish

# The manual's sources stay behind.
install: all man
	install -D -m 755 webserv $(DESTDIR)$(PREFIX)/sbin/webserv
	install -D -m 644 conf/default.conf $(DESTDIR)$(PREFIX)/share/webserv/conf/default.conf
	cp -R www $(DESTDIR)$(PREFIX)/share/webserv/
	rm -rf $(addprefix $(DESTDIR)$(PREFIX)/share/webserv/www/manual/,source directives.txt)
	install -D -m 644 $(BUILD)/man/webserv.8 $(DESTDIR)$(PREFIX)/share/man/man8/webserv.8
	install -D -m 644 $(BUILD)/man/webserv.conf.5 $(DESTDIR)$(PREFIX)/share/man/man5/webserv.conf.5
	for pair in $(COMPLETIONS); do \
		install -D -m 644 conf/completions/$${pair%=*} $(SHARE)/$${pair#*=} || exit 1; done

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/sbin/webserv
	rm -rf $(DESTDIR)$(PREFIX)/share/webserv
	rm -f $(DESTDIR)$(PREFIX)/share/man/man8/webserv.8 $(DESTDIR)$(PREFIX)/share/man/man5/webserv.conf.5
	for pair in $(COMPLETIONS); do rm -f $(SHARE)/$${pair#*=}; done

# What the tests need on Debian, beside the compiler: installed with sudo where we are not root.
SUDO := $(if $(filter 0,$(shell id -u)),,sudo)
APT := $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends
deps:
	$(APT) update
	$(APT) install gcc libc6-dev make libcriterion-dev curl git python3 php-cgi procps haproxy apache2-utils

deps-check:
	$(APT) install clang clang-format clang-tidy libclang-rt-14-dev valgrind wrk apache2-utils

deps-browser:
	$(APT) install chromium nodejs $(if $(shell command -v npm),,npm)

clean:
	rm -rf build build-asan build-fuzz compile_commands.json

fclean: clean
	rm -f webserv $(CGI_PROGRAMS) $(MANUAL_PAGES)

re: fclean
	$(MAKE) all

help:
	@echo 'all run test unit asan valgrind browser-test fuzz fuzz-config replace-test'
	@echo 'check (format tidy layers sizes)'
	@echo 'install uninstall deps deps-check deps-browser clean fclean re'

-include $(LIB_OBJ:.o=.d) $(MAIN_OBJ:.o=.d) $(GENERATE_OBJ:.o=.d) $(BUILD)/$(GENERATE)/main.d $(wildcard $(BUILD)/tests/*/*.d $(BUILD)/tests/*/*/*.d)

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all manual man run test unit asan valgrind browser-test fuzz fuzz-config fuzz-library replace-test check format tidy layers sizes install \
	uninstall deps deps-check deps-browser clean fclean re help
