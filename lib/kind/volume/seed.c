/* SPDX-License-Identifier: MIT */
/* seed: names of seeds' volumes, the objects they are, and the document they are made of. */
#include "lib/kind/volume/seed.h"

#include <stdlib.h>
#include <string.h>

#include "lib/doc/json.h"
#include "lib/kind/vm/vm.h"
#include "lib/kind/volume/volume.h"
#include "lib/plan/item.h"

#define BEFORE_HASH ".seed-"
#define AFTER_HASH ".iso"
#define HASH_DIGITS 16

const char *const seed_file_names[SEED_FILES] = {
	[SEED_META] = "meta-data",
	[SEED_USER] = "user-data",
	[SEED_VENDOR] = "vendor-data",
	[SEED_NETWORK] = "network-config",
};

const char *seed_volume_name(struct arena *a, const char *vm, uint64_t hash)
{
	return arena_printf(
	    a, "%s" BEFORE_HASH "%016llx" AFTER_HASH, vm, (unsigned long long)hash);
}

bool seed_name_parse(const char *volume, size_t *vm_length, uint64_t *hash)
{
	const char *at = strstr(volume, BEFORE_HASH), *digits;
	char *end;

	if (!at || at == volume)
		return false;
	digits = at + strlen(BEFORE_HASH);
	if (strspn(digits, "0123456789abcdef") != HASH_DIGITS)
		return false;
	*hash = strtoull(digits, &end, 16);
	*vm_length = (size_t)(at - volume);
	return strcmp(end, AFTER_HASH) == 0;
}

void seed_derive(struct config *config, const struct vm *vm, struct report *report)
{
	const struct seed *seed = vm->seed;
	struct volume *volume = (struct volume *)config_object(config, &volume_kind,
	    arena_printf(&config->arena, "%s/%s.seed", seed->pool, vm->object.name),
	    report);

	if (!volume)
		return;
	volume->object.record.node = vm->cloud_init.record.node;
	volume->pool = seed->pool;
	volume->file = seed->volume;
	volume->external =
	    arena_printf(&config->arena, "%s/%s", seed->pool, seed->volume);
	volume->vm = vm->object.name;
	volume->seed = seed;
}

const char *seed_render(struct planner *p, const struct step *step, struct error *e)
{
	const struct volume *want =
	    (const struct volume *)planner_desired(p, &volume_kind, step->name);
	autojson struct json_object *o = NULL;

	if (!want || !want->seed) {
		fail(e, "volume/%s is no longer written", step->name);
		return NULL;
	}
	o = json_object_new_object();
	for (size_t i = 0; i < SEED_FILES; i++)
		if (want->seed->texts[i])
			json_put_string(o, seed_file_names[i], want->seed->texts[i]);
	return arena_copy(p->arena, json_text(o));
}
