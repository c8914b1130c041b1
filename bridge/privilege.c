// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <grp.h>
#include <memlog.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cap-ng.h>

#include "log.h"
#include "options.h"
#include "privilege.h"

#define KEPT_MAX	16

static gid_t kept[KEPT_MAX];
static size_t kept_count;

void privilege_init(void)
{
	struct rlimit none = { 0 };

	umask(027);
	setrlimit(RLIMIT_CORE, &none);
#ifndef __SANITIZE_ADDRESS__
	/* nor a helper's that a core would be piped to; the leak checker needs it */
	prctl(PR_SET_DUMPABLE, 0);
#endif
}

/* USER, USER:GROUP; numbers too, of accounts that exist. */
static int find(const char *user, struct passwd *pw, gid_t *gid)
{
	size_t len = strcspn(user, ":");
	struct passwd *entry;
	struct group *gr;
	char name[256];
	uint64_t n;

	if (!len || len >= sizeof(name))
		return EXIT_USAGE;
	memcpy(name, user, len);
	name[len] = '\0';
	entry = getpwnam(name);
	if (!entry && !memlog_parse_number(name, &n) && n < UINT32_MAX)
		entry = getpwuid((uid_t)n);
	if (!entry) {
		log_error("user %s: there is no such user", name);
		return EXIT_USAGE;
	}
	*pw = *entry;
	*gid = pw->pw_gid;
	if (!user[len])
		return 0;
	gr = getgrnam(user + len + 1);
	if (!gr) {
		log_error("user %s: there is no such group", user);
		return EXIT_USAGE;
	}
	*gid = gr->gr_gid;
	return 0;
}

int privilege_check(const char *user)
{
	struct passwd pw;
	gid_t gid;

	return user ? find(user, &pw, &gid) : 0;
}

int privilege_ids(const char *user, uid_t *uid, gid_t *gid)
{
	struct passwd pw;
	int status = user ? find(user, &pw, gid) : 0;

	if (user && !status)
		*uid = pw.pw_uid;
	return status;
}

void privilege_keep_group(gid_t gid)
{
	for (size_t i = 0; i < kept_count; i++)
		if (kept[i] == gid)
			return;
	if (gid != (gid_t)-1 && kept_count < KEPT_MAX)
		kept[kept_count++] = gid;
}

bool privilege_has_group(gid_t gid)
{
	int n = getgroups(0, NULL);
	gid_t *groups = n > 0 ? calloc((size_t)n, sizeof(*groups)) : NULL;
	bool found = gid == getegid();

	n = groups ? getgroups(n, groups) : 0;
	for (int i = 0; i < n; i++)
		found |= groups[i] == gid;
	free(groups);
	return found;
}

static int join_groups(void)
{
	int n = getgroups(0, NULL);
	gid_t *groups = n < 0 ? NULL : calloc((size_t)n + KEPT_MAX, sizeof(*groups));
	int err;

	n = groups ? getgroups(n, groups) : -1;
	if (n >= 0)
		memcpy(groups + n, kept, kept_count * sizeof(*kept));
	err = n < 0 ? -1 : setgroups((size_t)n + kept_count, groups);
	free(groups);
	return err;
}

static int become(const char *user)
{
	struct passwd pw;
	gid_t gid;
	int status = find(user, &pw, &gid);

	if (status)
		return status;
	if (geteuid() == pw.pw_uid && getegid() == gid && pw.pw_uid)
		return 0;
	if (initgroups(pw.pw_name, gid) || (kept_count && join_groups()) || setresgid(gid, gid, gid) ||
	    setresuid(pw.pw_uid, pw.pw_uid, pw.pw_uid)) {
		log_error("can't become user %s: %s%s", user, strerror(errno),
			  geteuid() ? "; start the bridge as root for that" : "");
		return EXIT_SYSTEM;
	}
	/* no way back */
	if (pw.pw_uid && (!setuid(0) || !seteuid(0))) {
		log_error("user %s: root's rights did not go away", user);
		return EXIT_SYSTEM;
	}
	return 0;
}

/*
 * A user other than root needs no capability: what it may read, the files' modes
 * say. Root is left with passing over them for reading, as rings belong to the
 * users that write them and are opened again for each client; it can write
 * nothing any more that does not belong to it.
 */
static int drop_capabilities(void)
{
	bool keep;

	capng_get_caps_process();
	keep = !geteuid() && capng_have_capability(CAPNG_PERMITTED, CAP_DAC_READ_SEARCH);
	capng_clear(CAPNG_SELECT_CAPS);
	if (keep)
		capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, CAP_DAC_READ_SEARCH);
	return capng_apply(CAPNG_SELECT_CAPS) ? -EPERM : 0;
}

/* The rights that are in the set must still be there before they are reduced. */
static void drop_bounding(void)
{
	capng_get_caps_process();
	if (!capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP))
		return;
	capng_clear(CAPNG_SELECT_BOUNDS);
	if (capng_apply(CAPNG_SELECT_BOUNDS))
		log_info("the bounding set of capabilities stays");
}

int privilege_drop(const char *user)
{
	int status, err;

	drop_bounding();
	if (!user && kept_count && !geteuid() && join_groups())
		log_info("the groups of archived channels can't be joined: %s", strerror(errno));
	status = user ? become(user) : 0;
	if (status)
		return status;
	err = drop_capabilities();
	if (err || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) {
		log_error("can't give up rights: %s", strerror(err ? -err : errno));
		return EXIT_SYSTEM;
	}
#ifndef __SANITIZE_ADDRESS__
	/* another user id has made it possible again */
	prctl(PR_SET_DUMPABLE, 0);
#endif
	return 0;
}
