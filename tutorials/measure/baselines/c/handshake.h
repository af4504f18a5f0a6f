/* The opening of a connection: it finds the end of a request's head, and makes the
 * answer to a WebSocket handshake (RFC 6455 4.2.2). */
#ifndef HANDSHAKE_H
#define HANDSHAKE_H

#include <stddef.h>

enum {
	HEAD_MAX = 8192,   /* largest head in bytes; a client that sends more is closed */
	ANSWER_MAX = 160,  /* largest answer to a handshake in bytes, with its NUL */
};

/* Returns the length of the head at the start of bytes, with its empty line, or
 * 0 if it isn't complete. */
size_t head_length(const char *bytes, size_t n);

/* Writes the 101 response to answer, if head (ended by a NUL) is a handshake.
 * Returns the response's length, or 0 if head is another request. */
size_t handshake(const char *head, char answer[ANSWER_MAX]);

#endif
