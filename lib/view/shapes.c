/* SPDX-License-Identifier: MIT */
/* shapes: the tables. Row order is the order of keys in JSON. */
#include "lib/view/shapes.h"

#include "lib/plan/plan.h"

#define TEXT(type_, member, text)                                                        \
	{                                                                                \
		SHAPE_KEY(type_, member, const char *), .type = SHAPE_STRING,            \
							.help = text                     \
	}
#define TEXT_OR_NULL(type_, member, text)                                                \
	{                                                                                \
		SHAPE_KEY(type_, member, const char *),                                  \
		    .type = SHAPE_STRING, .flags = SHAPE_NULLABLE, .help = text          \
	}
#define WORD(type_, member, list_, text)                                                 \
	{                                                                                \
		SHAPE_KEY(type_, member, const char *), .type = SHAPE_WORD,              \
							.words = list_, .help = text     \
	}
#define INT(type_, member, text)                                                         \
	{                                                                                \
		SHAPE_KEY(type_, member, int64_t), .type = SHAPE_INT, .help = text       \
	}
#define COUNTDOWN(type_, member, text)                                                   \
	{                                                                                \
		SHAPE_KEY(type_, member, int64_t),                                       \
		    .type = SHAPE_INT, .flags = SHAPE_NULLABLE | SHAPE_COUNTDOWN,        \
		    .help = text                                                         \
	}
#define TIME(type_, member, text)                                                        \
	{                                                                                \
		SHAPE_KEY(type_, member, int64_t), .type = SHAPE_TIME,                   \
						   .flags = SHAPE_NULLABLE, .help = text \
	}
#define TIME_ALWAYS(type_, member, text)                                                 \
	{                                                                                \
		SHAPE_KEY(type_, member, int64_t), .type = SHAPE_TIME, .help = text      \
	}
#define BOOL(type_, member, text)                                                        \
	{                                                                                \
		SHAPE_KEY(type_, member, bool), .type = SHAPE_BOOL, .help = text         \
	}
#define LIST(type_, member, of, text)                                                    \
	{                                                                                \
		SHAPE_KEY(type_, member, struct list), .type = SHAPE_LIST, .shape = &of, \
						       .help = text                      \
	}
#define TEXTS(type_, member, text)                                                       \
	{                                                                                \
		SHAPE_KEY(type_, member, struct list), .type = SHAPE_STRINGS,            \
						       .help = text                      \
	}
#define REMOVED(type_, text)                                                             \
	{                                                                                \
		SHAPE_KEY(type_, removed, struct list),                                  \
		    .type = SHAPE_STRINGS, .flags = SHAPE_NULLABLE | SHAPE_OPTIONAL,     \
		    .help = text                                                         \
	}
#define STRUCT(type_, member, c_type, of, flags_, text)                                  \
	{                                                                                \
		SHAPE_KEY(type_, member, c_type), .type = SHAPE_STRUCT, .shape = &of,    \
						  .flags = flags_, .help = text          \
	}
#define FIELDS(type_, member, flags_, text)                                              \
	{                                                                                \
		SHAPE_KEY(type_, member, struct shape_side),                             \
		    .type = SHAPE_FIELDS, .flags = flags_, .help = text                  \
	}
#define SHAPE(type_, name_, help_, ...)                                                  \
	{                                                                                \
		.name = name_, .help = help_, .size = sizeof(type_),                     \
		.rows = (const struct shape_row[])                                       \
		{                                                                        \
			__VA_ARGS__,                                                     \
			{                                                                \
				0                                                        \
			}                                                                \
		}                                                                        \
	}

/* Words */

static const char *const verdicts[] = { "converged", "pending", "failing", "blocked",
	"unknown", "paused", NULL };
static const char *const home_verdicts[] = { "converged", "converging", "degraded",
	"blocked", "paused", "unknown", NULL };
static const char *const severities[] = { "error", "warning", "info", NULL };
static const char *const load_states[] = { "ok", "error", NULL };
static const char *const source_states[] = { "connected", "connecting", "unresponsive",
	"unauthorized", "down", "off", NULL };
static const char *const levels[] = { "error", "warning", "notice", "info", NULL };

static const char *const check_results[] = { "skip", "pass", "warn", "fail", NULL };

/* Parts */

/* clang-format off */
static const struct shape change_shape = SHAPE(struct difference, "Change",
	"One key that is not as it is written. Values are texts as one would write them; null: not there.",
	TEXT(struct difference, field, NULL),
	TEXT_OR_NULL(struct difference, want, "as it is written"),
	TEXT_OR_NULL(struct difference, have, "as it is"));

static const struct shape condition_shape = SHAPE(struct condition, "Condition",
	"Something worth knowing beside the verdict.",
	TEXT(struct condition, type, "one word that stays the same"),
	TEXT(struct condition, message, NULL));

#define KEY_HELP "KIND/NAME with the full name, which stays the same whatever else is written"

#define OBJECT_ROWS                                                                      \
	TEXT(struct object_view, kind, NULL),                                            \
	TEXT(struct object_view, name, NULL),                                            \
	TEXT(struct object_view, key, KEY_HELP),                                         \
	WORD(struct object_view, verdict, verdicts, NULL),                               \
	TEXT(struct object_view, reason, "why, in a sentence; may be empty"),            \
	TIME(struct object_view, since, "RFC 3339: since when the verdict is this one"), \
	LIST(struct object_view, changes, change_shape, NULL),                           \
	LIST(struct object_view, conditions, condition_shape, NULL),                     \
	TEXT_OR_NULL(struct object_view, error, "the last failure"),                     \
	COUNTDOWN(struct object_view, retry_in,                                          \
	    "milliseconds to the next try, from when the reply was made"),               \
	BOOL(struct object_view, waits_for_approval,                                     \
	    "Approve allows what it waits for; Describe shows that whole")

const struct shape object_shape = SHAPE(struct object_view, "ObjectStatus",
	"What there is to say of one object.",
	OBJECT_ROWS);

const struct shape listed_shape = SHAPE(struct listed_view, "ListedObject",
	"One object in a list.",
	OBJECT_ROWS,
	FIELDS(struct listed_view, fields, SHAPE_NULLABLE, "its keys as they are; the kind says which"));

static const struct shape unwritten_object_shape = SHAPE(struct unwritten_view, "UnwrittenObject",
	"An object that is there and not written.",
	TEXT(struct unwritten_view, kind, NULL),
	TEXT(struct unwritten_view, name, "as its source calls it"),
	TEXT(struct unwritten_view, key, KEY_HELP),
	FIELDS(struct unwritten_view, fields, SHAPE_NULLABLE, "its keys as they are"));

static const struct shape finding_shape = SHAPE(struct finding_view, "Finding",
	"Something to be noticed, over the whole home as it is written and as it is.",
	TEXT(struct finding_view, id, "stays the same: homek8s.yaml(5) lists them"),
	WORD(struct finding_view, severity, severities, NULL),
	TEXTS(struct finding_view, objects, "KIND/NAME of each object it is about"),
	TEXT(struct finding_view, text, NULL),
	TEXT_OR_NULL(struct finding_view, fix, "what to do"),
	TEXT_OR_NULL(struct finding_view, at, "FILE:LINE:COLUMN"));

static const struct shape config_source_shape = SHAPE(struct config_source_view, "ConfigSource",
	"The configuration.",
	WORD(struct config_source_view, state, load_states, NULL),
	INT(struct config_source_view, generation, "counts the configurations that came into force"),
	TEXT_OR_NULL(struct config_source_view, error, "all lines of the refused one"),
	TIME(struct config_source_view, since, NULL),
	TEXT_OR_NULL(struct config_source_view, directory, "where it is read"));

static const struct shape source_shape = SHAPE(struct source_view, "Source",
	"What says how the home is.",
	WORD(struct source_view, state, source_states, NULL),
	TIME(struct source_view, since, NULL),
	TEXT_OR_NULL(struct source_view, detail, "what it is connected to, or what is wrong"),
	TEXT_OR_NULL(struct source_view, version, "of libvirt or of the API server"));

static const struct shape_row source_rows[] = {
	STRUCT(struct sources_view, config, const struct config_source_view *, config_source_shape, 0, NULL),
#define SOURCE(name, title) \
	STRUCT(struct sources_view, name, const struct source_view *, source_shape, \
	    SHAPE_NULLABLE | SHAPE_OPTIONAL, NULL),
#include "lib/kind/sources.def"
#undef SOURCE
	{ 0 },
};

static const struct shape sources_shape = {
	.name = "Sources",
	.help = "All of them.",
	.size = sizeof(struct sources_view),
	.rows = source_rows,
};

static const struct shape pause_shape = SHAPE(struct pause_view, "Pause",
	"Everything is paused.",
	TEXT_OR_NULL(struct pause_view, reason, "as it was given"),
	TIME(struct pause_view, until, "when it ends by itself; null: with Resume"));

static const struct shape event_shape = SHAPE(struct event_view, "Event",
	"One entry of the history.",
	INT(struct event_view, seq, "counts up, over restarts too"),
	TIME_ALWAYS(struct event_view, time, "RFC 3339"),
	WORD(struct event_view, level, levels, NULL),
	TEXT_OR_NULL(struct event_view, kind, NULL),
	TEXT_OR_NULL(struct event_view, name, NULL),
	TEXT_OR_NULL(struct event_view, key, KEY_HELP),
	TEXT_OR_NULL(struct event_view, action, "what was done"),
	TEXT_OR_NULL(struct event_view, result, "how it ended"),
	TEXT(struct event_view, text, NULL));

static const struct shape step_shape = SHAPE(struct step_view, "Step",
	"One step of a plan.",
	TEXT(struct step_view, kind, NULL),
	TEXT(struct step_view, name, NULL),
	TEXT(struct step_view, key, KEY_HELP),
	TEXT(struct step_view, text, "what it does"),
	TEXT(struct step_view, reason, "why its object needs it"),
	BOOL(struct step_view, disruptive, "it interrupts something that runs"),
	BOOL(struct step_view, held, "it is not done now"),
	TEXT_OR_NULL(struct step_view, why_held, NULL),
	TEXT_OR_NULL(struct step_view, progress, "how far it is, where it is under way"));

const struct shape approval_shape = SHAPE(struct approval_view, "Approval",
	"A change that waits for Approve.",
	TEXT(struct approval_view, kind, NULL),
	TEXT(struct approval_view, name, NULL),
	TEXT(struct approval_view, key, KEY_HELP),
	TEXT(struct approval_view, hash, "what Approve must be given: of the change and its effects"),
	TEXT(struct approval_view, text, "the change"),
	TEXTS(struct approval_view, effects, "what it does to whom"));

static const struct shape other_shape = SHAPE(struct other_view, "Other",
	"An object that is not as it is written, or not known to be, and has no step.",
	TEXT(struct other_view, kind, NULL),
	TEXT(struct other_view, name, NULL),
	TEXT(struct other_view, key, KEY_HELP),
	WORD(struct other_view, verdict, verdicts, NULL),
	TEXT(struct other_view, reason, NULL),
	TIME(struct other_view, since, NULL));

static const struct shape difference_shape = SHAPE(struct difference_view, "Difference",
	"One key in three places.",
	TEXT(struct difference_view, field, NULL),
	TEXT_OR_NULL(struct difference_view, want, "as it is written"),
	TEXT_OR_NULL(struct difference_view, live, "as it runs"),
	TEXT_OR_NULL(struct difference_view, persistent, "as it is stored"));

static const struct shape object_difference_shape = SHAPE(struct object_difference_view, "ObjectDifference",
	"What differs in one object. Of one to be created or removed the field is \"existence\".",
	TEXT(struct object_difference_view, kind, NULL),
	TEXT(struct object_difference_view, name, NULL),
	TEXT(struct object_difference_view, key, KEY_HELP),
	LIST(struct object_difference_view, changes, difference_shape, NULL));

/* Replies */

#define REMOVED_HELP "KIND/NAME of the objects that went; with it `objects` holds only what has changed"

const struct shape status_shape = SHAPE(struct status_reply, NULL, NULL,
	WORD(struct status_reply, verdict, home_verdicts, "of the home"),
	TEXT(struct status_reply, headline, "the same as a sentence"),
	TEXT(struct status_reply, summary, "with the reason of the worst object"),
	STRUCT(struct status_reply, sources, const struct sources_view *, sources_shape, 0, NULL),
	LIST(struct status_reply, objects, object_shape, NULL),
	LIST(struct status_reply, findings, finding_shape, NULL),
	STRUCT(struct status_reply, paused, const struct pause_view *, pause_shape,
	    SHAPE_NULLABLE | SHAPE_OPTIONAL, "only while everything is paused"),
	LIST(struct status_reply, events, event_shape, "the last five"),
	REMOVED(struct status_reply, REMOVED_HELP));

const struct shape list_shape = SHAPE(struct list_reply, NULL, NULL,
	LIST(struct list_reply, objects, listed_shape, NULL),
	REMOVED(struct list_reply, REMOVED_HELP));

const struct shape unwritten_shape = SHAPE(struct unwritten_reply, NULL, NULL,
	LIST(struct unwritten_reply, objects, unwritten_object_shape, NULL));

const struct shape describe_shape = SHAPE(struct describe_reply, NULL, NULL,
	OBJECT_ROWS,
	TEXT(struct describe_reply, title, "what its kind is called"),
	TEXT_OR_NULL(struct describe_reply, written_at, "FILE:LINE:COLUMN"),
	FIELDS(struct describe_reply, desired, SHAPE_NULLABLE, "its keys as written"),
	TEXTS(struct describe_reply, defaults, "the keys of `desired` that are not written: what they have there is their default, with a dot before each inner one"),
	FIELDS(struct describe_reply, live, SHAPE_NULLABLE, "as it runs"),
	FIELDS(struct describe_reply, persistent, SHAPE_NULLABLE, "as it is stored"),
	FIELDS(struct describe_reply, running, SHAPE_NULLABLE,
	    "what else is known of it while it runs, as its address and since when"),
	FIELDS(struct describe_reply, remembered, SHAPE_NULLABLE,
	    "what is kept of it between plans: failures, a pause, approvals, and what its kind keeps"),
	TEXTS(struct describe_reply, steps, "what will be done"),
	TEXT_OR_NULL(struct describe_reply, approval, "the change that waits for Approve"),
	LIST(struct describe_reply, findings, finding_shape, "those about it"),
	LIST(struct describe_reply, history, event_shape, "the last of its events"));

const struct shape plan_shape = SHAPE(struct plan_reply, NULL, NULL,
	LIST(struct plan_reply, steps, step_shape, NULL),
	LIST(struct plan_reply, approvals, approval_shape, NULL),
	LIST(struct plan_reply, others, other_shape, NULL),
	TEXT_OR_NULL(struct plan_reply, no_plan, "why nothing is compared with what is written: no configuration is in force"));

const struct shape diff_shape = SHAPE(struct diff_reply, NULL, NULL,
	LIST(struct diff_reply, objects, object_difference_shape, NULL),
	LIST(struct diff_reply, unknown, other_shape, "what is not observed"),
	TEXT_OR_NULL(struct diff_reply, no_plan, "why nothing is compared with what is written: no configuration is in force"));

const struct shape import_shape = SHAPE(struct import_reply, NULL, NULL,
	TEXT(struct import_reply, text, "a YAML document with comments"),
	BOOL(struct import_reply, complete, "false: some of it was not observed yet"));

const struct shape events_shape = SHAPE(struct events_reply, NULL, NULL,
	LIST(struct events_reply, events, event_shape, NULL));

const struct shape reload_shape = SHAPE(struct reload_reply, NULL, NULL,
	INT(struct reload_reply, generation, "of the configuration in force"));

const struct shape version_shape = SHAPE(struct version_reply, NULL, NULL,
	TEXT(struct version_reply, version, NULL),
	TEXTS(struct version_reply, features, "words for what the daemon can do"));

const struct shape info_shape = SHAPE(struct info_reply, NULL, NULL,
	TEXT(struct info_reply, vendor, NULL),
	TEXT(struct info_reply, product, NULL),
	TEXT(struct info_reply, version, NULL),
	TEXT(struct info_reply, url, NULL),
	TEXTS(struct info_reply, interfaces, NULL));

const struct shape description_shape = SHAPE(struct description_reply, NULL, NULL,
	TEXT(struct description_reply, description, NULL));

const struct shape validate_shape = SHAPE(struct validate_reply, NULL, NULL,
	INT(struct validate_reply, errors, "their number"),
	LIST(struct validate_reply, findings, finding_shape, NULL));

static const struct shape check_shape = SHAPE(struct check_view, NULL, NULL,
	TEXT(struct check_view, id, "of the check; it may have several answers"),
	TEXT(struct check_view, group, NULL),
	WORD(struct check_view, result, check_results, NULL),
	TEXT(struct check_view, text, NULL),
	TEXT_OR_NULL(struct check_view, fix, "what to do, where no one command does it"),
	TEXT_OR_NULL(struct check_view, command, "what mends it, to be run as root"));

const struct shape doctor_shape = SHAPE(struct doctor_reply, NULL, NULL,
	WORD(struct doctor_reply, verdict, check_results, "the worst result"),
	LIST(struct doctor_reply, checks, check_shape, NULL));

const struct shape empty_shape = { .size = 0, .rows = (const struct shape_row[]){ { 0 } } };

/* Errors */

const struct shape no_such_object_shape = SHAPE(struct no_such_object, NULL, NULL,
	TEXT(struct no_such_object, kind, NULL),
	TEXT_OR_NULL(struct no_such_object, name, NULL),
	TEXT(struct no_such_object, text, NULL));

#define ONE_TEXT(key_)                                                                   \
	SHAPE(struct one_text, NULL, NULL,                                               \
	    { .key = key_, .type = SHAPE_STRING, .offset = offsetof(struct one_text, text) })

const struct shape text_shape = ONE_TEXT("text");
const struct shape refused_shape = ONE_TEXT("errors");
const struct shape interface_shape = ONE_TEXT("interface");
const struct shape method_shape = ONE_TEXT("method");
const struct shape parameter_shape = ONE_TEXT("parameter");
/* clang-format on */
