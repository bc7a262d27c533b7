/* SPDX-License-Identifier: MIT */
/* auto_shutdown: lines of qemu.conf such as: auto_shutdown_try_shutdown = "all". */
#include "daemon/host/auto_shutdown.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"

static bool is_on(const char *line)
{
	static const char *const keys[] = { "auto_shutdown_try_save",
		"auto_shutdown_try_shutdown", "auto_shutdown_poweroff" };

	line += strspn(line, " \t");
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const char *value = line + strlen(keys[i]);

		if (strncmp(line, keys[i], strlen(keys[i])) != 0)
			continue;
		value += strspn(value, " \t=");
		return strncmp(value, "\"none\"", 6) != 0;
	}
	return false;
}

enum switched auto_shutdown_read(const char *path)
{
	autofile FILE *f = fopen(path, "re");
	char line[512];

	if (!f)
		return errno == ENOENT ? SWITCHED_OFF : SWITCHED_UNKNOWN;
	while (fgets(line, sizeof(line), f))
		if (is_on(line))
			return SWITCHED_ON;
	return SWITCHED_OFF;
}
