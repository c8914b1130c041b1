# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# What the programs of tests/vm have in common. Sourced, with $top set.

build=${BUILD:-$top/build}
case $build in /*) ;; *) build=$top/$build ;; esac
cache=${MEMLOG_CACHE:-$top/.cache}
vm=$build/vm
debug_kernel=$cache/linux-debug

# usage MESSAGE: what is wrong with the command line
usage()
{
	echo "${0##*/}: $1 (see --help)" >&2
	exit 100
}

# die MESSAGE: this machine can't do it
die()
{
	echo "${0##*/}: $1" >&2
	exit 111
}

# Where the files of Debian's kernel of a version are: the machine's own root, or
# a folder its package was unpacked to by fetch-kernel.
kernel_root()
{
	local root

	for root in '' "$cache/kernel-$1"; do
		if [[ -r $root/boot/vmlinuz-$1 && -e $root/lib/modules/$1/modules.dep ]]; then
			echo "$root/"
			return
		fi
	done
	return 1
}

# The versions of the kernels there are headers of, the newest first.
header_versions()
{
	local v

	for v in $(cd /lib/modules 2>/dev/null && printf '%s\n' * | sort -rV); do
		[[ ! -e /lib/modules/$v/build/Makefile ]] || echo "$v"
	done
}

# The newest kernel that can be booted and that modules can be built for.
debian_version()
{
	local v

	for v in ${MEMLOG_KERNEL:-$(header_versions)}; do
		if kernel_root "$v" >/dev/null; then
			echo "$v"
			return
		fi
	done
	die "there is no kernel to boot that has headers: run tests/install-deps"
}

# kernel_use debian|debug: sets kernel, kernel_image, kernel_build, kernel_version
# and kernel_modules for the sourcing program.
# shellcheck disable=SC2034
kernel_use()
{
	kernel=$1
	case $kernel in
	debian)
		kernel_version=$(debian_version) || exit
		kernel_modules=$(kernel_root "$kernel_version")
		kernel_image=${kernel_modules}boot/vmlinuz-$kernel_version
		kernel_build=/lib/modules/$kernel_version/build
		;;
	debug)
		kernel_image=$debug_kernel/arch/x86/boot/bzImage
		kernel_build=$debug_kernel
		[[ -e $kernel_image && -e $debug_kernel/.complete ]] ||
			die "the debug kernel is not built yet: run tests/vm/debug-kernel"
		kernel_version=$(<"$debug_kernel/include/config/kernel.release")
		;;
	*)
		usage "--kernel is debian or debug, not $kernel"
		;;
	esac
	[[ -r $kernel_image ]] || die "can't read $kernel_image"
}

# build_program init|attach: the guest's process 1, or the terminal's end of a
# serial port. init is static, since it has nothing in the guest to link to.
build_program()
{
	local name=$1 flags='' sources=("$top/tests/vm/$1.c")

	if [[ $name == init ]]; then
		flags=-static
		sources+=("$top"/tests/vm/{job,klog}.c)
	fi
	mkdir -p "$vm"
	(
		flock 9
		[[ -z $(find "$top"/tests/vm/*.[ch] -newer "$vm/$name" 2>&1) ]] && exit 0
		# shellcheck disable=SC2086 # a flag or none
		${CC:-cc} $flags -O2 -std=gnu11 -D_GNU_SOURCE -Wall -Wextra \
			-o "$vm/$name.new" "${sources[@]}" && mv "$vm/$name.new" "$vm/$name"
	) 9>"$vm/$name.lock" || die "can't compile tests/vm/$name.c"
}

# build_module: memlog.ko for the chosen kernel from a copy of the source, so
# that neither two kernels nor two runs at once disturb each other. Sets module.
build_module()
{
	local dir=$vm/module-$kernel flags=''

	# pos passes 2^32 in the first kilobytes, where there is somebody to see it
	[[ $kernel == debian ]] || flags=-DMEMLOG_FIRST_POS=0xfffff000ULL
	module=$dir/memlog.ko
	[[ -e $top/Kbuild ]] || die "there is no Kbuild to build memlog.ko from"
	mkdir -p "$dir/src"
	(
		flock 9
		tar -C "$top" --exclude='*.o' --exclude='.*.cmd' -cf - Kbuild kmod |
			tar -C "$dir/src" -xpf -
		make -s -j2 -C "$kernel_build" M="$dir/src" \
			MEMLOG_CFLAGS="$flags" modules >"$dir/log" 2>&1 || {
			cat "$dir/log"
			exit 1
		}
		grep -v '^Skipping BTF' "$dir/log" || true
		cmp -s "$dir/src/memlog.ko" "$module" || {
			cp "$dir/src/memlog.ko" "$module.new"
			mv "$module.new" "$module"
		}
	) 9>"$dir/lock" >&2 || die "memlog.ko does not build for the $kernel kernel"
}

# add_file STAGE SOURCE [DESTINATION]: a file or folder for the guest, /test/NAME
# unless said otherwise, with the shared libraries it needs.
add_file()
{
	local stage=$1 from=$2 to=${3:-/test/$(basename "$2")}

	[[ -e $from ]] || usage "there is no $from"
	mkdir -p "$stage$(dirname "$to")"
	if [[ -d $from ]]; then
		mkdir -p "$stage$to"
		cp -RL "$from/." "$stage$to/"
	else
		cp -L "$from" "$stage$to"
	fi
	add_libraries "$stage" "$from"
}

add_libraries()
{
	local f

	while IFS= read -r -d '' f; do
		add_needed "$1" "$f"
	done < <(find -L "$2" -type f \( -perm -u+x -o -name '*.so*' \) -print0)
}

# libwebsockets loads its event loop when it runs, where ldd does not see it.
add_needed()
{
	local stage=$1 lib plugin

	while read -r lib; do
		[[ -e $stage$lib ]] && continue
		mkdir -p "$stage$(dirname "$lib")"
		cp -L "$lib" "$stage$lib"
		plugin=$(dirname "$lib")/libwebsockets-evlib_uv.so
		[[ $lib == */libwebsockets.so* && -e $plugin ]] || continue
		cp -L "$plugin" "$stage$plugin"
		add_needed "$stage" "$plugin"
	done < <(ldd "$2" 2>/dev/null | grep -o '/[^ ]*')
}

# add_kmod STAGE NAME: a module of the kernel's own and what it depends on, to
# be loaded at boot. One that is built in is there already.
add_kmod()
{
	local stage=$1 name=$2 what from path needed

	[[ $kernel == debug ]] && return
	needed=$(/sbin/modprobe -d "$kernel_modules" -S "$kernel_version" \
		--show-depends "$name") || die "this kernel has no module $name"
	while read -r what from _; do
		[[ $what == insmod ]] || continue
		path=/lib/modules/${from#*/lib/modules/}
		mkdir -p "$stage$(dirname "$path")"
		cp "$from" "$stage$path"
		grep -qsx "$path" "$stage/etc/vm/modules" ||
			echo "$path" >>"$stage/etc/vm/modules"
	done <<<"$needed"
}

# stage_base STAGE: the folders, busybox and users every guest has.
stage_base()
{
	local stage=$1 applet busybox

	busybox=$(command -v busybox) || die "busybox is missing: run tests/install-deps"
	mkdir -p "$stage"/{bin,dev,etc/vm,proc,root,run,sys,test,tmp,var}
	ln -s bin "$stage/sbin"
	# One folder under both of its names, as on Debian.
	mkdir -p "$stage"/{lib,lib64,usr}
	ln -s ../bin ../lib ../lib64 "$stage/usr"
	ln -s ../bin "$stage/usr/sbin"
	ln -s /run "$stage/var/run"
	ln -s /proc/mounts "$stage/etc/mtab"
	cp "$vm/init" "$stage/init"
	cp "$busybox" "$stage/bin/busybox"
	for applet in $("$busybox" --list); do
		[[ $applet == busybox ]] || ln -s busybox "$stage/bin/$applet"
	done
	printf '%s\n' root:x:0:0:root:/root:/bin/sh \
		nobody:x:65534:65534:nobody:/:/bin/sh >"$stage/etc/passwd"
	printf '%s\n' root:x:0: adm:x:4: nogroup:x:65534: >"$stage/etc/group"
	echo '127.0.0.1 localhost memlog' >"$stage/etc/hosts"
	echo 'hosts: files' >"$stage/etc/nsswitch.conf"
}

# pack STAGE FILE: the initramfs, everything root's.
pack()
{
	(cd "$1" && find . -print0 |
		cpio --null -o -H newc -R +0:+0 --quiet) >"$2"
}
