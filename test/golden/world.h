/* SPDX-License-Identifier: MIT */
/*
 * world: a home as the planner is given it, from the files of a directory:
 *
 *   desired.yaml     the desired home            homek8s.yaml   settings (optional)
 *   networks.xml     <networks><network name active autostart persistent leases bridge
 *                      dnsmasq><live/><config/><lease mac ip expires/>...<stray dev/>...
 *                      </network>...</networks>
 *   domains.xml      <domains kvm><domain name id state reason
 *                      ...><live/><config/></domain>...</domains>; unread: what was read of
 *                      it is all that is known
 *   cluster.json     {"nodes": [...], "pools": [...], ...} (null: not known; no key: no such
 *                    API) or absent: Kubernetes is off
 *   storage.xml      <storage><pool name active><pool/><volume/>...</pool>...</storage>, each
 *                    as libvirt has it (optional): else there are no storage pools
 *   state.json       what is remembered (optional)
 *   disks.json       {"path /a": ["=ID", "<ID of what it is laid over>"], ...} (optional):
 *                    else each path is a file of its own; false: no answer
 *
 * A file that cannot be read ends the program.
 */
#ifndef TEST_GOLDEN_WORLD_H
#define TEST_GOLDEN_WORLD_H

#include "lib/plan/plan.h"

#define WORLD_NOW ((struct mono){ 1000000 })
#define WORLD_WALL 1790000000000 /* 2026-09-21T14:13:20Z */

struct world {
	struct arena arena;
	struct config *config;
	struct observations observed;
	struct state state;
	struct probe_store *probes;
	bool kubernetes;
};

/* To be given to world_done(). */
void world_load(struct world *w, const char *directory);
/* The same with `desired` in place of desired.yaml, NULL: nothing is; without state.json. */
void world_load_other(struct world *w, const char *directory, const char *desired);
void world_done(struct world *w);
void world_input(const struct world *w, struct plan_input *input);

/* A file of the directory, in the arena; NULL: there is none. `length` may be NULL. The
 * same as JSON: a new reference. */
char *world_file(
    struct arena *a, const char *directory, const char *name, size_t *length);
struct json_object *world_json(struct world *w, const char *directory, const char *name);

#endif
