/* Ready-made replies. */
#ifndef READY_H
#define READY_H

#include <stddef.h>

/* Several copies of a reply, so that one send can send many of them. */
struct ready {
	char *bytes;
	size_t len;   /* of one reply */
	size_t total; /* of all copies */
};

/* Makes the binary frame of a message of so many letters x. */
struct ready ready_frame(size_t size);

/* Makes a response whose content has so many bytes: lines "ok", cut at that
 * length. */
struct ready ready_page(size_t size);

/* Copies the reply until there are as many bytes as are owed, or as many as one
 * receive can ask for. */
void ready_for(struct ready *r, size_t owed);

#endif
