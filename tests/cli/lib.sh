# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# What the tests of the memlog command share. Sourced; for a POSIX shell, since
# the guest has busybox's.
#
# A test is a function; it runs in a subshell of its own, in an empty folder,
# with $ch a channel with nothing in it to follow: a ring file, or /dev/memlog
# when the program was called with "device".

set -u
where=${1:-ring}
# Set by one_test: the channel, an empty folder, what to kill at the end.
ch='' work='' children=''
here=$(cd "$(dirname "$0")" && pwd)
if [ -n "${BUILD:-}" ]; then
	PATH=$BUILD:$BUILD/tests/cli:$PATH
elif [ -x "$here/../../build/memlog" ]; then
	PATH=$here/../../build:$here/../../build/tests/cli:$PATH
fi
unset NO_COLOR
export TZ=UTC0 LC_ALL=C TERM=xterm

fail()
{
	echo "# $*"
	exit 1
}

skip()
{
	echo "$*" >"$reason"
	exit 4
}

# is WHAT EXPECTED ACTUAL
is()
{
	[ "$2" = "$3" ] && return
	echo "# $1: expected"
	printf '%s\n' "$2" | sed 's/^/#   /'
	echo "# but got"
	printf '%s\n' "$3" | sed 's/^/#   /'
	exit 1
}

# has WHAT PART TEXT: PART is a pattern of case
has()
{
	case $3 in
	*$2*) ;;
	*) fail "$1: no '$2' in: $3" ;;
	esac
}

# status EXPECTED COMMAND...: what it says is in $work/out and $work/err
status()
{
	expected=$1
	shift
	got=0
	"$@" >"$work/out" 2>"$work/err" </dev/null || got=$?
	[ "$got" = "$expected" ] ||
		fail "$*: status $got, not $expected: $(cat "$work/out" "$work/err")"
}

# eventually COMMAND...: it succeeds within half a minute
eventually()
{
	tries=0
	until "$@" >/dev/null 2>&1; do
		tries=$((tries + 1))
		[ $tries -lt 600 ] || fail "waited in vain for: $*"
		sleep 0.05
	done
}

has_open()
{
	grep -qs "$ch" "/proc/$1/maps" && return
	for fd in "/proc/$1/fd"/*; do
		case $(readlink "$fd") in
		*"$ch"*) return ;;
		esac
	done
	return 1
}

# follows PID: it has opened the channel, and had the time to find its place
follows()
{
	eventually has_open "$1"
	sleep 0.2
}

lines_are()
{
	[ "$(wc -l <"$1")" -ge "$2" ]
}

# shown [OPTION]...: the text of the channel's records
shown()
{
	memlog follow -d -q -o cat "$@" "$ch"
}

fresh_channel()
{
	if [ "$where" = device ]; then
		ch=/dev/memlog
		memlog clear -q || fail "no clear"
	else
		ch=$work/ring
		memlog write --create -c "$ch" </dev/null || fail "no ring file"
	fi
}

first_seq()
{
	memlog info --json "$ch" | sed 's/.*"next_seq":\([0-9]*\).*/\1/'
}

stop_children()
{
	for child in $children; do
		kill -KILL "$child" 2>/dev/null || true
		wait "$child" 2>/dev/null || true
	done
}

one_test()
{
	work=$(mktemp -d "${TMPDIR:-/tmp}/memlog-cli.XXXXXX")
	children=''
	cd "$work" || exit 1
	trap 'stop_children; rm -rf "$work"' EXIT
	fresh_channel
	set -e
	"$1"
}

# run_tests [ring:|device:]NAME...: all of them, or those that are for this place
run_tests()
{
	count=0 failed=0
	reason=$(mktemp "${TMPDIR:-/tmp}/memlog-cli.XXXXXX")
	for name; do
		case $name in
		"$where":*) name=${name#*:} ;;
		*:*) continue ;;
		esac
		count=$((count + 1))
		(one_test "$name")
		case $? in
		0) echo "ok $count $name" ;;
		4) echo "ok $count $name # SKIP $(cat "$reason")" ;;
		*) echo "not ok $count $name" && failed=1 ;;
		esac
	done
	rm -f "$reason"
	echo "1..$count"
	exit $failed
}
