#include "ready.h"
#include "start.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *room(char *old, size_t size)
{
	char *p = realloc(old, size);
	if (!p)
		die("realloc");
	return p;
}

struct ready ready_frame(size_t size)
{
	size_t head = size < 126 ? 2 : size < 65536 ? 4 : 10;
	struct ready r = {room(NULL, head + size), head + size, head + size};
	r.bytes[0] = (char)0x82;
	r.bytes[1] = (char)(head == 2 ? size : head == 4 ? 126 : 127);
	for (size_t i = 2; i < head; i++)
		r.bytes[i] = (char)(size >> (head - 1 - i) * 8 & 0xff);
	memset(r.bytes + head, 'x', size);
	return r;
}

struct ready ready_page(size_t size)
{
	char head[256];
	int n = snprintf(head, sizeof head,
		"HTTP/1.1 200 OK\r\n"
		"Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n"
		"Content-Type: text/plain; charset=utf-8\r\n"
		"Cache-Control: no-store\r\n"
		"Content-Length: %zu\r\n"
		"\r\n", size);
	if (n < 0)
		die("snprintf");

	size_t len = (size_t)n + size;
	struct ready r = {room(NULL, len), len, len};
	memcpy(r.bytes, head, (size_t)n);
	for (size_t i = 0; i < size; i++)
		r.bytes[(size_t)n + i] = "ok\n"[i % 3];
	return r;
}

void ready_for(struct ready *r, size_t owed)
{
	const size_t enough = 256 << 10;
	while (r->total < owed && r->total < enough) {
		r->bytes = room(r->bytes, r->total * 2);
		memcpy(r->bytes + r->total, r->bytes, r->total);
		r->total *= 2;
	}
}
