/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What cgroup ids are called. Not part of the library's interface: the memlog
 * command and the bridge share it.
 */
#ifndef MEMLOG_CGROUP_NAME_H
#define MEMLOG_CGROUP_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of a cgroup's name at most, with the NUL. */
#define MEMLOG_CGROUP_NAME_SIZE	256

/**
 * memlog_cgroup_find() - The name of one cgroup.
 * @id: Its id.
 * @name: Set to the last part of its path; "" for the root.
 *
 * Needs CAP_DAC_READ_SEARCH.
 *
 * Return: 0; -ENOENT there is none; -EPERM it may be there, but can't be found in
 * this way; or what open(2) gave.
 */
int memlog_cgroup_find(uint64_t id, char name[MEMLOG_CGROUP_NAME_SIZE]);

/**
 * memlog_cgroup_walk() - The names of all cgroups.
 * @fn: Called for each; returns whether to go on.
 * @arg: For @fn.
 *
 * Return: 0; -ENOENT there is no cgroup2 mounted; or what fts_open(3) gave.
 */
int memlog_cgroup_walk(bool (*fn)(void *arg, uint64_t id, const char *name), void *arg);

/**
 * memlog_cgroup_path() - The path of one cgroup.
 * @id: Its id.
 * @path: Set to it, from the root on, as in /proc/PID/cgroup: "/system.slice/x.service".
 * @size: Room.
 * @walk: Look through all of them if there is no quicker way.
 *
 * Return: 0; -ENOENT there is none; -EAGAIN it may be there, and @walk would tell;
 * -ENAMETOOLONG; or what open(2) or fts_open(3) gave.
 */
int memlog_cgroup_path(uint64_t id, char *path, size_t size, bool walk);

/* Whether a cgroup's name is that of @unit: "ssh" means ssh.service, too. */
bool memlog_cgroup_is_unit(const char *name, const char *unit);

#endif /* MEMLOG_CGROUP_NAME_H */
