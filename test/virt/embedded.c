/* SPDX-License-Identifier: MIT */
/* embedded: the world of the test driver, and waiting for it to be observed. */
#include "test/virt/embedded.h"

#include "lib/base/arena.h"
#include "lib/base/cleanup.h"

#include <check.h> /* last: it defines the word fail */

virConnectPtr admin;

static const struct kind *wanted_kind;
static const char *wanted_name;

/* The administrator comes second, so that the event loop is registered already, and
 * keeps the default world alive. */
struct world *set_up(void)
{
	struct world *w = world_new("test:///default", NULL);

	ck_assert(world_wait_known(w, WAIT));
	admin = virConnectOpen("test:///default");
	ck_assert_ptr_nonnull(admin);
	return w;
}

void tear_down(struct world *w)
{
	virConnectClose(admin);
	ck_assert(world_free(w));
}

void define_many(unsigned first, unsigned count)
{
	for (unsigned i = first; i < first + count; i++) {
		autofree char *xml = must_printf(
		    "<domain type='test'><name>d%04u</name><memory>65536</memory>"
		    "<os><type>hvm</type></os></domain>",
		    i);
		virDomainPtr domain = virDomainDefineXML(admin, xml);

		ck_assert_ptr_nonnull(domain);
		virDomainFree(domain);
	}
}

static bool is_there(struct world *w)
{
	return world_find(w, wanted_kind, wanted_name) != NULL;
}

static bool is_away(struct world *w)
{
	return !is_there(w);
}

static bool is_stopped(struct world *w)
{
	return is_there(w) && world_find(w, wanted_kind, wanted_name)->domain.id < 0;
}

static bool is_running(struct world *w)
{
	return is_there(w) && world_find(w, wanted_kind, wanted_name)->domain.state ==
				  VIR_DOMAIN_RUNNING;
}

static bool wait_for(struct world *w, const struct kind *kind, const char *name,
    bool (*cond)(struct world *w))
{
	wanted_kind = kind;
	wanted_name = name;
	return world_wait(w, cond, WAIT);
}

bool wait_there(struct world *w, const struct kind *kind, const char *name)
{
	return wait_for(w, kind, name, is_there);
}

bool wait_away(struct world *w, const struct kind *kind, const char *name)
{
	return wait_for(w, kind, name, is_away);
}

bool wait_stopped(struct world *w, const char *domain)
{
	return wait_for(w, &vm_kind, domain, is_stopped);
}

bool wait_running(struct world *w, const char *domain)
{
	return wait_for(w, &vm_kind, domain, is_running);
}
