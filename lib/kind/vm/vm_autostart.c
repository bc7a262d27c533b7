/* SPDX-License-Identifier: MIT */
/* vm_autostart: what the host starts when it boots, without anybody looking. */
#include "lib/kind/vm/vm_autostart.h"

#include "lib/kind/actions.h"
#include "lib/kind/vm/vm_claims.h"
#include "lib/kind/vm/vm_word.h"

void vm_autostart_add(struct planner *p, struct program *program, const struct vm *want)
{
	struct step *step =
	    program_step(p, program, &domain_autostart_action, want->domain,
		want->autostart ? "start domain %s when the host boots"
				: "no longer start domain %s when the host boots",
		want->domain);
	struct autostart *arguments = step_arguments(step);

	arguments->on = want->autostart;
}

/* Why it is not switched on; NULL: it is. */
static const char *held(
    struct planner *p, const struct item *item, const struct vm *want, bool *blocks)
{
	struct vm_claim other;
	enum vm_claimed claimed = vm_claimed_disk(p, want, item->observed, &other);
	const char *has = "disk";

	if (claimed == CLAIM_NONE) {
		has = "MAC address";
		claimed = vm_claimed_mac(p, want, item->observed, &other);
	}
	*blocks = claimed != CLAIM_UNKNOWN;
	if (claimed == CLAIM_UNKNOWN)
		return other.what;
	if (claimed != CLAIM_FOUND)
		return NULL;
	return arena_printf(p->arena,
	    "is not started when the host boots, as is written: domain %s has its %s %s too; give one of them its own (`virsh edit %s`)",
	    other.domain, has, other.what, vm_word(p, other.domain));
}

const char *vm_autostart_plan(struct planner *p, struct item *item, const struct vm *want)
{
	struct program *program = item_program(p, item, NULL);
	bool blocks = false;
	const char *why = NULL;

	vm_autostart_add(p, program, want);
	if (want->autostart)
		why = held(p, item, want, &blocks);
	if (why)
		program_waits(p, program, "%s", why);
	return blocks ? why : NULL;
}
