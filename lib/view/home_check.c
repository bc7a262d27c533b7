/* SPDX-License-Identifier: MIT */
/* home_check: reads as the service would, and once more as whoever may read more. */
#include "lib/view/home_check.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/cleanup.h"
#include "lib/wire/kubeconfig_check.h"

#define SERVICE_DIRECTORY HOMEK8S_SYSCONFDIR "/homek8s"

/* Whether the path is the directory, or something in it. */
static bool is_below(const char *path, const char *directory, bool *itself)
{
	autofree char *one = realpath(path, NULL), *other = realpath(directory, NULL);
	size_t length = other ? strlen(other) : 0;

	if (!one || !other || strncmp(one, other, length) != 0)
		return false;
	*itself = one[length] == '\0';
	return *itself || one[length] == '/';
}

struct home_check_request home_check_here(
    const char *path, struct account *account, int64_t now)
{
	struct home_check_request request = { .path = path, .now = now };
	bool itself = false;

	if (is_below(path, SERVICE_DIRECTORY, &itself) &&
	    account_find("", ACCOUNT_SERVICE, account))
		request.account = account;
	request.is_service = itself;
	return request;
}

static void add_findings(struct report *to, const struct report *from)
{
	for (size_t i = 0; i < from->count; i++) {
		const struct finding *f = &from->findings[i];

		*(struct finding *)arena_push(
		    to->arena, &to->findings, &to->count, sizeof(*f)) = *f;
		to->errors += f->severity == SEVERITY_ERROR;
	}
	to->not_shown += from->not_shown;
}

static void check_files(const struct home_check_request *request, struct home_check *out)
{
	struct arena a = { 0 };
	struct report again = { .arena = &a };
	int result;

	result = config_files_read_as(request->account, request->path,
	    request->is_service ? FILES_TRUSTED : FILES_ANYBODYS, &out->files,
	    &out->report);
	/* What is only not to be trusted has its own errors, too. */
	if (result && (request->is_service || request->account)) {
		config_files_done(&out->files);
		result =
		    config_files_read(request->path, FILES_ANYBODYS, &out->files, &again);
	}
	/* No desired state can be read: the settings are checked all the same. */
	if (result) {
		out->files.desired_count = 0;
		out->files.settings_only = true;
	}
	config_load(&out->files, &out->config);
	add_findings(&out->report, &out->config->report);
	arena_done(&a);
}

static void check_kubeconfig(
    const struct home_check_request *request, struct home_check *out)
{
	const struct kubernetes_settings *settings = &out->config->settings.kubernetes;
	struct kubeconfig_check check = {
		.source = { .configured = settings->kubeconfig,
		    .config_dir = request->path,
		    .context = settings->context },
		.needed = settings->mode == KUBERNETES_ON,
		.account = request->account,
		.now = request->now,
	};
	struct stat st;

	if (settings->mode == KUBERNETES_OFF || stat(request->path, &st) ||
	    !S_ISDIR(st.st_mode))
		return;
	out->kubernetes = kubeconfig_check(&check, &out->report, &out->server);
}

void home_check(const struct home_check_request *request, struct home_check *out)
{
	*out = (struct home_check){ 0 };
	out->report.arena = &out->arena;
	check_files(request, out);
	check_kubeconfig(request, out);
	report_sort(&out->report);
}

void home_check_done(struct home_check *check)
{
	config_free(check->config);
	config_files_done(&check->files);
	arena_done(&check->arena);
	*check = (struct home_check){ 0 };
}
