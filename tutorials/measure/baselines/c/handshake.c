#define _GNU_SOURCE /* memmem, strcasestr */
#include "handshake.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { KEY = 24, DIGEST = 20, ACCEPT = 28 }; /* bytes: base64 of 16, SHA-1, base64 of 20 */

size_t head_length(const char *bytes, size_t n)
{
	const char *end = memmem(bytes, n, "\r\n\r\n", 4);
	return end ? (size_t)(end - bytes) + 4 : 0;
}

static uint32_t rotate(uint32_t x, int n)
{
	return x << n | x >> (32 - n);
}

/* One block of 64 bytes, as in RFC 3174 6.1. */
static void sha1_block(uint32_t h[5], const unsigned char *p)
{
	uint32_t w[80];
	for (int t = 0; t < 16; t++, p += 4)
		w[t] = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
	for (int t = 16; t < 80; t++)
		w[t] = rotate(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);

	uint32_t a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];
	for (int t = 0; t < 80; t++) {
		uint32_t f, k;
		if (t < 20)
			f = (b & c) | (~b & d), k = 0x5a827999;
		else if (t < 40)
			f = b ^ c ^ d, k = 0x6ed9eba1;
		else if (t < 60)
			f = (b & c) | (b & d) | (c & d), k = 0x8f1bbcdc;
		else
			f = b ^ c ^ d, k = 0xca62c1d6;
		uint32_t sum = rotate(a, 5) + f + e + w[t] + k;
		e = d, d = c, c = rotate(b, 30), b = a, a = sum;
	}
	h[0] += a, h[1] += b, h[2] += c, h[3] += d, h[4] += e;
}

/* SHA-1 of a key and RFC 6455's GUID. They have 60 bytes, which are two blocks with
 * the end mark and the length. */
static void sha1_of_key(const char *key, unsigned char digest[DIGEST])
{
	unsigned char m[128] = {0};
	memcpy(m, key, KEY);
	memcpy(m + KEY, "258EAFA5-E914-47DA-95CA-C5AB0DC85B11", 36);
	m[60] = 0x80;
	m[126] = 60 * 8 >> 8;
	m[127] = 60 * 8 & 0xff;

	uint32_t h[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
	sha1_block(h, m);
	sha1_block(h, m + 64);
	for (int i = 0; i < DIGEST; i++)
		digest[i] = h[i / 4] >> (24 - i % 4 * 8) & 0xff;
}

static void base64(const unsigned char digest[DIGEST], char text[ACCEPT + 1])
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	unsigned char padded[DIGEST + 1] = {0};
	memcpy(padded, digest, DIGEST);
	char *out = text;
	for (int i = 0; i < DIGEST; i += 3) {
		uint32_t three = (uint32_t)padded[i] << 16 | (uint32_t)padded[i + 1] << 8 | padded[i + 2];
		for (int shift = 18; shift >= 0; shift -= 6)
			*out++ = letters[three >> shift & 63];
	}
	text[ACCEPT - 1] = '='; /* 20 bytes are six groups of three and one of two */
	text[ACCEPT] = 0;
}

size_t handshake(const char *head, char answer[ANSWER_MAX])
{
	static const char field[] = "\r\nSec-WebSocket-Key:";
	const char *key = strcasestr(head, field);
	if (!key)
		return 0;
	key += sizeof field - 1;
	key += strspn(key, " \t");
	if (strcspn(key, " \t\r\n") != KEY)
		return 0;

	unsigned char digest[DIGEST];
	char accept[ACCEPT + 1];
	sha1_of_key(key, digest);
	base64(digest, accept);
	int n = snprintf(answer, ANSWER_MAX,
		"HTTP/1.1 101 Switching Protocols\r\n"
		"Upgrade: websocket\r\n"
		"Connection: Upgrade\r\n"
		"Sec-WebSocket-Accept: %s\r\n"
		"\r\n", accept);
	return n < 0 ? 0 : (size_t)n;
}
