/* SPDX-License-Identifier: MIT */
/* reservation_record: its table, its changes, and its name in old state files. */
#include "lib/kind/network/reservation_record.h"

#include <string.h>

#include "lib/kind/network/reservation.h"
#include "lib/kind/actions.h"

static const struct field rows[] = {
	UPDATE_RECORD_ROWS,
	record_row(
	    struct reservation_record, "ip", FIELD_IP, ip, FIELD_KEPT | FIELD_SHOWN),
	record_row(struct reservation_record, "owned", FIELD_BOOL, owned, FIELD_KEPT),
	record_row(struct reservation_record, "owned_live", FIELD_BOOL, owned_live,
	    FIELD_KEPT | FIELD_SHOWN),
	record_row(struct reservation_record, "owned_config", FIELD_BOOL, owned_config,
	    FIELD_KEPT | FIELD_SHOWN),
	record_row(
	    struct reservation_record, "mac_live", FIELD_STRING, mac_live, FIELD_KEPT),
	record_row(struct reservation_record, "mac_config", FIELD_STRING, mac_config,
	    FIELD_KEPT),
	record_row(
	    struct reservation_record, "run_live", FIELD_INT, run_live, FIELD_KEPT),
	record_row(
	    struct reservation_record, "run_config", FIELD_INT, run_config, FIELD_KEPT),
	{ 0 },
};

const struct fields reservation_record_fields = { rows,
	sizeof(struct reservation_record) };

static bool is_of(const char *mac, const struct host_entry *entry)
{
	char text[MAC_TEXT];

	return !mac || (entry->has_mac && strcmp(mac_text(entry->mac, text), mac) == 0);
}

bool reservation_record_added(const struct reservation_record *record, bool live,
    int64_t run, const struct host_entry *entry)
{
	bool stored = reservation_record_owns(record, false);

	if (!ip_equal(record->ip, entry->ip))
		return false;
	if (!live)
		return stored && is_of(record->mac_config, entry);
	if (reservation_record_owns(record, true) &&
	    (!record->run_live || record->run_live == run))
		return is_of(record->mac_live, entry);
	return stored && record->run_config && record->run_config != run &&
	       is_of(record->mac_config, entry);
}

static void added(struct reservation_record *record, const struct network_update *update)
{
	bool live = update->side == SIDE_LIVE;
	char text[MAC_TEXT];

	*(live ? &record->owned_live : &record->owned_config) = true;
	record_set_text(live ? &record->mac_live : &record->mac_config,
	    update->host.has_mac ? mac_text(update->host.mac, text) : NULL);
	*(live ? &record->run_live : &record->run_config) = update->run;
}

void reservation_record_ended(struct object_state *state, const struct action *action,
    const void *arguments, bool failed, const struct settings *settings, struct mono now,
    uint32_t random)
{
	struct reservation_record *record = state->own;
	const struct network_update *update = arguments;

	update_record_ended(state, action, arguments, failed, settings, now, random);
	if (failed || action != &network_update_action)
		return;
	if (update->command == UPDATE_MODIFY)
		*(update->side == SIDE_LIVE ? &record->update.suspect_live
					    : &record->update.suspect_config) = false;
	if (update->command == UPDATE_ADD && update->section == UPDATE_HOST)
		added(record, update);
}

bool reservation_record_converged(struct object_state *state, const struct object *want)
{
	struct reservation_record *record = state->own;
	struct ip ip = ((const struct reservation *)want)->ip;

	if (ip_equal(record->ip, ip))
		return false;
	record->ip = ip;
	return true;
}

const char *reservation_old_name(
    const struct config *config, const char *name, struct arena *a)
{
	const struct set *networks;

	if (strchr(name, '/'))
		return name;
	networks = config ? config_get(config, &network_kind) : NULL;
	/* There was one network then; of several now it cannot be said which. */
	return networks && networks->count == 1
		   ? reservation_name(a, networks->items[0]->name, name)
		   : NULL;
}
