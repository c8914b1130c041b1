# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# `make run HOST=1`: memlog in this machine's own kernel. Sourced
# by machine, whose variables and functions it uses.
# shellcheck disable=SC2154

# check_host: can this kernel load a module, and can it be built for it?
check_host()
{
	local release

	release=$(uname -r)
	[[ -e /proc/modules ]] ||
		die "this machine's kernel ($release) can't load modules at all; 'make run' uses a guest"
	[[ $(cat /proc/sys/kernel/modules_disabled 2>/dev/null) != 1 ]] ||
		die "loading modules is switched off until the next boot (kernel.modules_disabled)"
	[[ -e /lib/modules/$release/build/Makefile ]] ||
		die "there are no headers of the running kernel: apt-get install linux-headers-$release"
	grep -q '^memlog ' /proc/modules &&
		die "memlog is loaded already; 'rmmod memlog' first, if it is not in use"
	((EUID == 0)) || command -v sudo >/dev/null ||
		die "loading a module takes root: run 'make run HOST=1' as root"
	return 0
}

as_root()
{
	if ((EUID == 0)); then
		"$@"
	else
		sudo "$@"
	fi
}

build_for_host()
{
	local release

	release=$(uname -r)
	say "building memlog.ko for $release"
	make -s -C "$top" module KDIR="/lib/modules/$release/build" ||
		die "memlog.ko does not build for this kernel"
}

load_on_host()
{
	as_root insmod "$top/memlog.ko" ||
		die "the kernel refused memlog.ko; 'dmesg | tail' says why (with Secure Boot it must be signed)"
}

unload_on_host()
{
	if as_root rmmod memlog; then
		say "memlog is unloaded; what stays behind: the packages that were installed, and build/"
	else
		say "memlog stays loaded, since something has /dev/memlog open; 'rmmod memlog' when it is closed"
	fi
}

start_bridge()
{
	make_token
	setsid "$build/memlog-bridge" --listen "127.0.0.1:$port" \
		--token-file "$state/token" </dev/null >"$state/output" 2>&1 &
	remember $! host
	finish_background $!
}

# In both cases the bridge runs in the background; with a terminal here, this
# stays to end it.
start_host()
{
	check_host
	build_for_host
	load_on_host
	if [[ ! -t 0 || ! -t 1 ]]; then
		start_bridge
		say "'make stop' unloads it again"
		return
	fi
	trap stop_quietly EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	start_bridge
	say "in another terminal, as root: echo hi > /dev/memlog; cat /dev/memlog"
	say "Ctrl-D or Ctrl-C here unloads it again"
	while read -r _; do :; done
}
