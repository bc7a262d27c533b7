/* SPDX-License-Identifier: MIT */
/* vm_agent: one probe for each domain, and its answer by MAC. */
#include "lib/kind/vm/vm_agent.h"

#include <string.h>

#include "lib/base/hash.h"
#include "lib/doc/json.h"
#include "lib/plan/item.h"

/* Started anew, a domain has another id, and its guest may have other addresses. */
static uint64_t question_hash(const struct vm *live)
{
	uint64_t hash = hash_bytes(HASH_START, &live->facts.id, sizeof(live->facts.id));

	return live->uuid ? hash_bytes(hash, live->uuid, strlen(live->uuid)) : hash;
}

static const char *question_name(struct arena *a, const char *domain)
{
	return arena_printf(a, AGENT_NAME "%s", domain);
}

void vm_agent_ask(struct planner *p)
{
	const struct observed_set *set = &p->input->observed->kinds[kind_index(&vm_kind)];

	for (size_t i = 0; i < set->count; i++) {
		const struct vm *live = (const struct vm *)set->items[i]->live;
		const char *name;

		if (!live || !live->agent)
			continue;
		name = question_name(p->arena, set->items[i]->name);
		planner_probe(p, &vm_kind, name, name, question_hash(live));
	}
}

/* 169.254.0.0/16, fe80::/10: every interface has one of those, and it leads nowhere. */
static bool is_of_link(struct ip ip)
{
	return ip.version == 4 ? ip.value >> 16 == 0xa9fe : ip.value >> 118 == 0x3fa;
}

static bool has_nic(const struct vm *live, struct mac mac)
{
	const struct vm_interface *nics = live->interfaces.items;

	for (size_t i = 0; i < live->interfaces.count; i++)
		if (mac_equal(nics[i].mac, mac))
			return true;
	return false;
}

/* The address of "MAC ADDRESS", where the domain has that MAC. The guest may say anything. */
static bool read_address(const struct vm *live, const char *text, struct ip *ip)
{
	const char *blank = text ? strchr(text, ' ') : NULL;
	char head[MAC_TEXT] = "";
	struct mac mac;

	if (!blank || (size_t)(blank - text) >= sizeof(head))
		return false;
	memcpy(head, text, (size_t)(blank - text));
	return mac_parse(head, &mac, NULL) == 0 && has_nic(live, mac) &&
	       ip_parse(blank + 1, ip, NULL) == 0 && !is_of_link(*ip);
}

struct json_object *vm_agent_addresses(
    const struct list_input *in, const struct item *item, const struct vm *live)
{
	const struct answer *answer;
	struct json_object *out = NULL;
	struct ip ip;

	if (!in->probes || !item->observed || !live->agent)
		return NULL;
	answer = probe_store_find(in->probes, &vm_kind,
	    question_name(in->arena, item->observed->name), question_hash(live));
	for (size_t i = 0; answer && i < json_count(answer->json); i++) {
		const char *text = json_object_get_string(json_item(answer->json, i));

		if (!read_address(live, text, &ip))
			continue;
		if (!out)
			out = json_object_new_array();
		json_object_array_add(
		    out, json_object_new_string(ip_text(ip, (char[IP_TEXT]){ 0 })));
	}
	return out;
}
