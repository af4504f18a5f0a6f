/* The opening of a connection: where a request's head ends, and the answer to a
 * WebSocket handshake (RFC 6455 4.2.2). */
#ifndef HANDSHAKE_H
#define HANDSHAKE_H

#include <stddef.h>

enum {
	HEAD_MAX = 8192,   /* bytes of a head; who sends more is closed */
	ANSWER_MAX = 160,  /* bytes of the answer to a handshake, with its NUL */
};

/* Returns the length of the head at the start of bytes, with its empty line, or
 * 0 while it isn't whole. */
size_t head_length(const char *bytes, size_t n);

/* Writes the 101 to answer, if head (ended by a NUL) is a handshake. Returns its
 * length, or 0 if head is another request. */
size_t handshake(const char *head, char answer[ANSWER_MAX]);

#endif
