// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Records as JSON.
 *
 * Written by hand, not by a JSON library: the objects have a fixed shape and
 * only go out, one is written for each record that passes the bridge, and both
 * json-c and jansson would allocate a tree for it. Strings are the one thing
 * that can go wrong here; they have a fuzzer.
 */
#include <inttypes.h>
#include <string.h>

#include "memlog.h"
#include "private.h"

/* Most bytes the fixed part of a record's object can take, strings empty. */
#define RECORD_FIXED	320

static void put_u64(struct out *out, uint64_t value)
{
	char digits[20];
	size_t n = sizeof(digits);

	do {
		digits[--n] = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	out_bytes(out, digits + n, sizeof(digits) - n);
}

static void put_number(struct out *out, const char *name, uint64_t value)
{
	out_string(out, name);
	put_u64(out, value);
}

static void put_hex64(struct out *out, uint64_t value)
{
	char digits[16];

	for (int i = 15; i >= 0; i--, value >>= 4)
		digits[i] = "0123456789abcdef"[value & 15];
	out_bytes(out, digits, sizeof(digits));
}

static void put_escape(struct out *out, unsigned char c)
{
	static const char short_forms[] = "\bb\tt\nn\ff\rr\"\"\\\\";
	char escape[6] = { '\\', 'u', '0', '0' };

	for (const char *p = short_forms; *p; p += 2) {
		if ((unsigned char)*p == c) {
			escape[1] = p[1];
			out_bytes(out, escape, 2);
			return;
		}
	}
	escape[4] = "0123456789abcdef"[c >> 4];
	escape[5] = "0123456789abcdef"[c & 15];
	out_bytes(out, escape, sizeof(escape));
}

static bool needs_escape(unsigned char c)
{
	return c < 0x20 || c == '"' || c == '\\' || c == 0x7f;
}

/* Valid UTF-8 only. */
static void put_escaped(struct out *out, const char *text, size_t len)
{
	size_t done = 0;

	for (size_t i = 0; i < len; i++) {
		if (!needs_escape((unsigned char)text[i]))
			continue;
		out_bytes(out, text + done, i - done);
		put_escape(out, (unsigned char)text[i]);
		done = i + 1;
	}
	out_bytes(out, text + done, len - done);
}

static void put_string(struct out *out, const char *text, size_t len)
{
	size_t i = 0;

	out_string(out, "\"");
	while (i < len) {
		size_t n = memlog_utf8_valid(text + i, len - i);
		bool valid;

		put_escaped(out, text + i, n);
		i += n;
		if (i == len)
			break;
		i += memlog_utf8_step(text + i, len - i, &valid);
		out_string(out, REPLACEMENT);
	}
	out_string(out, "\"");
}

static void put_base64(struct out *out, const char *text, size_t len)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *p = (const unsigned char *)text;

	out_string(out, "\"");
	for (size_t i = 0; i < len; i += 3) {
		size_t left = len - i;
		uint32_t v = (uint32_t)p[i] << 16 |
			     (left > 1 ? (uint32_t)p[i + 1] << 8 : 0) |
			     (left > 2 ? p[i + 2] : 0);
		char quad[4] = {
			digits[v >> 18], digits[v >> 12 & 63],
			left > 1 ? digits[v >> 6 & 63] : '=',
			left > 2 ? digits[v & 63] : '=',
		};

		out_bytes(out, quad, sizeof(quad));
	}
	out_string(out, "\"");
}

size_t memlog_json_room(const struct memlog_record *rec, const char *service)
{
	return RECORD_FIXED + 6 * ((size_t)rec->len + MEMLOG_COMM_LEN +
				   (service ? strlen(service) : 0));
}

size_t memlog_json_record(char *buf, size_t size, const struct memlog_record *rec,
			  const char *text, const char *service)
{
	struct out out = { buf, size, 0 };

	put_number(&out, "{\"seq\":", rec->seq);
	put_number(&out, ",\"pos\":", rec->pos);
	put_number(&out, ",\"time_ns\":\"", rec->time_ns);
	put_number(&out, "\",\"pri\":", rec->pri);
	put_number(&out, ",\"type\":", rec->type);
	put_number(&out, ",\"pid\":", rec->pid);
	put_number(&out, ",\"uid\":", rec->uid);
	out_string(&out, ",\"comm\":");
	put_string(&out, rec->comm, strnlen(rec->comm, sizeof(rec->comm)));
	put_number(&out, ",\"cgroup\":\"", rec->cgroup);
	out_string(&out, "\",\"service\":");
	put_string(&out, service ? service : "", service ? strlen(service) : 0);
	put_number(&out, ",\"flags\":", rec->flags);
	if (memlog_utf8_valid(text, rec->len) == rec->len) {
		out_string(&out, ",\"text\":\"");
		put_escaped(&out, text, rec->len);
		out_string(&out, "\"}");
	} else {
		out_string(&out, ",\"base64\":");
		put_base64(&out, text, rec->len);
		out_string(&out, "}");
	}
	return out_end(&out);
}

size_t memlog_json_lost(char *buf, size_t size, const struct memlog_loss *loss)
{
	struct out out = { buf, size, 0 };

	put_number(&out, "{\"lost\":{\"from\":", loss->from_seq);
	put_number(&out, ",\"to\":", loss->to_seq);
	put_number(&out, ",\"records\":", loss->records);
	if (loss->flags & MEMLOG_LOSS_BYTES_UNKNOWN)
		out_string(&out, ",\"bytes\":null");
	else
		put_number(&out, ",\"bytes\":", loss->bytes);
	out_string(&out, "}}");
	return out_end(&out);
}

size_t memlog_json_ended(char *buf, size_t size, uint64_t stream,
			 uint64_t next_seq)
{
	struct out out = { buf, size, 0 };

	out_string(&out, "{\"ended\":{\"stream\":\"");
	put_hex64(&out, stream);
	if (next_seq)
		put_number(&out, "\",\"last\":", next_seq - 1);
	else
		out_string(&out, "\",\"last\":null");
	out_string(&out, "}}");
	return out_end(&out);
}

size_t memlog_json_hello(char *buf, size_t size, uint64_t stream,
			 const char *channel, uint64_t oldest, uint64_t next)
{
	struct out out = { buf, size, 0 };

	out_string(&out, "{\"stream\":\"");
	put_hex64(&out, stream);
	out_string(&out, "\",\"channel\":");
	put_string(&out, channel, strlen(channel));
	put_number(&out, ",\"oldest\":", oldest);
	put_number(&out, ",\"next\":", next);
	out_string(&out, "}");
	return out_end(&out);
}

size_t memlog_json_string(char *buf, size_t size, const char *text, size_t len)
{
	struct out out = { buf, size, 0 };

	put_string(&out, text, len);
	return out_end(&out);
}
