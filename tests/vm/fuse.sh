# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# `make run BACKEND=fuse`: memlog on this machine, in a folder, without a module.
# Sourced by machine, whose variables and functions it uses.
# shellcheck disable=SC2154

check_fuse()
{
	[[ -e $build/memlogfs ]] || die "there is no $build/memlogfs: 'make programs' builds it"
	[[ -w /dev/fuse ]] ||
		die "there is no /dev/fuse for us on this machine: 'modprobe fuse', or 'make run' uses a guest"
	command -v fusermount3 >/dev/null ||
		die "there is no fusermount3: apt-get install fuse3"
}

unmount_fuse()
{
	mountpoint -q "$state/dev" || return 0
	# who is in there keeps what is open, and is told
	fusermount3 -u "$state/dev" 2>/dev/null || fusermount3 -u -z "$state/dev"
	rmdir "$state/dev"
}

# The bridge reads and writes the file as it would /dev/memlog. Both run in the
# background.
start_fuse()
{
	check_fuse
	mkdir -p "$state/dev"
	"$build/memlogfs" --device "$state/dev" || exit 111
	make_token
	setsid "$build/memlog-bridge" --listen "127.0.0.1:$port" \
		--token-file "$state/token" --channel "memlog=$state/dev/memlog" \
		</dev/null >"$state/output" 2>&1 &
	remember $! fuse
	finish_background $!
	say "write and read here: echo hi > $state/dev/memlog; cat $state/dev/memlog"
	say "'make stop' ends it"
}
