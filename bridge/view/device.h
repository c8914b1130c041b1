/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * memlogfs --device: the device as a file, where no module can be loaded.
 */
#ifndef VIEW_DEVICE_H
#define VIEW_DEVICE_H

/**
 * memlogfs_device() - Make a folder of devices, until it is unmounted.
 * @argc: As main() got it.
 * @argv: Likewise; --device is among it.
 *
 * Return: What to exit with.
 */
int memlogfs_device(int argc, char **argv);

#endif /* VIEW_DEVICE_H */
