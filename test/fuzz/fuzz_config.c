/* SPDX-License-Identifier: MIT */
/* fuzz_config: a whole desired state: load, lint and plan against nothing, or a reason
 * why not. */
#include <stdint.h>
#include <stdlib.h>

#include "lib/model/config.h"
#include "lib/plan/plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void plan(const struct config *config)
{
	struct observations nothing = { 0 };
	struct state memory = { 0 };
	struct plan_input input = {
		.desired = config,
		.observed = &nothing,
		.state = &memory,
		.sources = { { .up = true }, { .up = true } },
	};

	for (size_t i = 0; i < kind_count; i++)
		observations_set_known(&nothing, kinds[i], "");
	plan_free(plan_make(&input));
	observations_done(&nothing);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct source_text home = { "home.yaml", (const char *)data, size, NULL };
	struct config_files files = {
		.desired = &home, .desired_count = 1, .directory = "x"
	};
	struct config *config;
	char *text = malloc(size + 1);

	/* Sources are NUL-terminated as files.c reads them. */
	for (size_t i = 0; i < size; i++)
		text[i] = (char)data[i];
	text[size] = '\0';
	home.text = text;
	if (config_load(&files, &config) == 0)
		plan(config);
	else if (!config->report.errors && !config->report.not_shown)
		abort();
	config_free(config);
	free(text);
	return 0;
}
