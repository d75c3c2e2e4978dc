# webserv: `make` builds ./webserv; `make help` lists what else there is.

VERSION := 0.1.0
CC ?= cc
BUILD ?= build
PREFIX ?= /usr/local
DESTDIR ?=

CSTD := -std=c17 -D_GNU_SOURCE
WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror
HARDEN := -fstack-protector-strong -fPIE
FORTIFY := -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3
OPT ?= -O2 $(FORTIFY)
CFLAGS ?= -g
ALL_CFLAGS := $(CSTD) $(WARN) $(HARDEN) $(OPT) $(CFLAGS) -Iinclude -DWEBSERV_VERSION='"$(VERSION)"' -MMD -MP \
	-ffile-prefix-map=$(CURDIR)=.
ALL_LDFLAGS := -pie -Wl,-z,relro,-z,now $(LDFLAGS)
LIBS := $(if $(wildcard src/server/verifier.c),-lcrypt)

LAYERS := base http net conf server handlers
LIB_SRC := $(sort $(wildcard $(LAYERS:%=src/%/*.c)) $(filter-out src/main/main.c,$(wildcard src/main/*.c)))
LIB_OBJ := $(LIB_SRC:%.c=$(BUILD)/%.o)
MAIN_OBJ := $(BUILD)/src/main/main.o
LIB := $(BUILD)/libwebserv.a

all: webserv

webserv: $(MAIN_OBJ) $(LIB)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

$(LIB): $(LIB_OBJ)
	@rm -f $@
	ar rcs $@ $^

$(BUILD)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -c -o $@ $<

# Tests: one Criterion program for each folder of tests/unit, which mirrors src/.
TEST_DIRS := $(notdir $(patsubst %/,%,$(wildcard tests/unit/*/)))
TEST_BINS := $(TEST_DIRS:%=$(BUILD)/test_%)
TEST_SUPPORT := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/support/*.c))
TEST_CFLAGS := -Itests/support

define test_program
$(BUILD)/test_$(1): $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/unit/$(1)/*.c)) $(TEST_SUPPORT) $(LIB)
	$$(CC) $$(ALL_LDFLAGS) -o $$@ $$^ $$(LIBS) -lcriterion
endef
$(foreach dir,$(TEST_DIRS),$(eval $(call test_program,$(dir))))

$(BUILD)/tests/%.o: tests/%.c Makefile
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(TEST_CFLAGS) -c -o $@ $<

unit: $(TEST_BINS)
	@set -e; for t in $(TEST_BINS); do echo "== $$t"; $$t -j2; done

clean:
	rm -rf $(BUILD)

fclean: clean
	rm -f webserv

re: fclean
	$(MAKE) all

-include $(LIB_OBJ:.o=.d) $(MAIN_OBJ:.o=.d) $(wildcard $(BUILD)/tests/*/*/*.d $(BUILD)/tests/*/*.d)

.PHONY: all unit clean fclean re
.SECONDARY:
