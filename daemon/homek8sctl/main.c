/* SPDX-License-Identifier: MIT */
/* homek8sctl: asks the daemon, and shows what it says. */
#include "daemon/homek8sctl/ctl.h"

int main(int argc, char **argv)
{
	return ctl_run(argc, argv);
}
