// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <grp.h>
#include <memlog.h>
#include <pwd.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cap-ng.h>

#include "log.h"
#include "options.h"
#include "privilege.h"

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

static int become(const char *user)
{
	struct passwd pw;
	gid_t gid;
	int status = find(user, &pw, &gid);

	if (status)
		return status;
	if (geteuid() == pw.pw_uid && getegid() == gid && pw.pw_uid)
		return 0;
	if (initgroups(pw.pw_name, gid) || setresgid(gid, gid, gid) ||
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
