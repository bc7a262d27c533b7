/* SPDX-License-Identifier: MIT */
/* answer: Status objects and plain texts become one line. */
#include "daemon/kube/answer.h"

#include <string.h>

#include "lib/base/text.h"
#include "lib/doc/json.h"

#define JSON_DEPTH 64
#define SHOWN 300
#define LONGEST_WAIT_MS 30000
#define MAX_STATUS_OBJECT ((size_t)256 * 1024)

static const char *reason_phrase(int status)
{
	static const struct {
		int status;
		const char *phrase;
	} rows[] = {
		{ 301, "Moved Permanently (redirects are not followed)" },
		{ 302, "Found (redirects are not followed)" },
		{ 307, "Temporary Redirect (redirects are not followed)" },
		{ 308, "Permanent Redirect (redirects are not followed)" },
		{ 400, "Bad Request" },
		{ 401, "Unauthorized" },
		{ 403, "Forbidden" },
		{ 404, "Not Found" },
		{ 405, "Method Not Allowed" },
		{ 409, "Conflict" },
		{ 410, "Gone" },
		{ 413, "Too Large" },
		{ 415, "Unsupported Media Type" },
		{ 422, "Invalid" },
		{ 429, "Too Many Requests" },
		{ 500, "Internal Server Error" },
		{ 502, "Bad Gateway" },
		{ 503, "Service Unavailable" },
		{ 504, "Timeout" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].status == status)
			return rows[i].phrase;
	return "unexpected answer";
}

struct json_object *answer_object(const struct http_answer *answer, struct error *e)
{
	struct json_tokener *tokener = json_tokener_strict(JSON_DEPTH);
	struct json_object *o =
	    json_parse_foreign(tokener, answer->body, answer->length, e);

	json_tokener_free(tokener);
	if (o && !json_object_is_type(o, json_type_object)) {
		json_object_put(o);
		fail(e, "the answer is JSON, but no object");
		return NULL;
	}
	return o;
}

/* Which disruption budget refuses an eviction stands only in the details. */
static const char *budget_cause(struct arena *a, struct json_object *status)
{
	struct json_object *causes = json_at(status, "details.causes");

	for (size_t i = 0; i < json_count(causes); i++) {
		struct json_object *cause = json_item(causes, i);
		const char *reason = json_string_at(cause, "reason");
		const char *message = json_string_at(cause, "message");

		if (reason && message && strcmp(reason, "DisruptionBudget") == 0)
			return arena_printf(a, " %s", message);
	}
	return "";
}

const char *answer_message(struct arena *a, const struct http_answer *answer)
{
	autojson struct json_object *status = NULL;
	const char *message = NULL;
	size_t length = answer->length;

	if (length > 0 && answer->body[0] == '{' && length <= MAX_STATUS_OBJECT)
		status = answer_object(answer, NULL);
	if (status)
		message = json_string_at(status, "message");
	if (message)
		return text_clean(
		    a, arena_printf(a, "%s%s", message, budget_cause(a, status)), SHOWN);
	/* Plain text: without the line end, and of HTML there is nothing to show. */
	while (length > 0 && strchr(" \r\n", answer->body[length - 1]))
		length--;
	if (length == 0 || answer->body[0] == '<' || answer->body[0] == '{')
		return "";
	return text_clean(a, arena_copy_n(a, answer->body, length), SHOWN);
}

const char *answer_text(struct arena *a, const struct http_answer *answer)
{
	const char *phrase, *message;

	if (answer->failure != HTTP_ANSWERED)
		return answer->error;
	phrase = reason_phrase(answer->status);
	message = answer_message(a, answer);
	/* "401 Unauthorized: Unauthorized" says no more. */
	if (message[0] == '\0' || strcmp(message, phrase) == 0)
		return arena_printf(a, "%d %s", answer->status, phrase);
	return arena_printf(a, "%d %s: %s", answer->status, phrase, message);
}

int64_t answer_wait(const struct http_answer *answer)
{
	if (answer->retry_after < 0)
		return 0;
	return answer->retry_after < LONGEST_WAIT_MS ? answer->retry_after
						     : LONGEST_WAIT_MS;
}
