// SPDX-License-Identifier: GPL-2.0-only
// syslog levels and facilities by number.

export const LEVELS = ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"];
export const ALL_LEVELS = 0xff;

export const FACILITIES = ["kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news",
	"uucp", "cron", "authpriv", "ftp", "12", "13", "14", "15", "local0", "local1", "local2",
	"local3", "local4", "local5", "local6", "local7"];

/** A set of levels as the bridge's `level` parameter wants it. */
export function levelsParameter(mask: number): string {
	return LEVELS.filter((_, level) => mask & 1 << level).map((name) => "=" + name).join(",");
}
