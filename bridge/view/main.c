// SPDX-License-Identifier: GPL-2.0-only
/*
 * memlogfs: memlog as files.
 */
#include <string.h>

#include "device.h"
#include "say.h"

int main(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (!strcmp(argv[i], "--device"))
			return memlogfs_device(argc, argv);
	say("which? --device MOUNT (see memlogfs --device --help)");
	return EXIT_USAGE;
}
