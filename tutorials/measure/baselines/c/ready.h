/* Ready-made replies. */
#ifndef READY_H
#define READY_H

#include <stddef.h>

/* The same reply several times over, so that many of them leave in one send. */
struct ready {
	char *bytes;
	size_t len;   /* of one */
	size_t total; /* of all that are there */
};

/* Makes the binary frame of a message of so many bytes, all of them x. */
struct ready ready_frame(size_t size);

/* Makes a response whose body has so many bytes: "ok" and the end of the line,
 * again and again. */
struct ready ready_page(size_t size);

/* Repeats the reply until as many bytes are there as are owed, or as many as one
 * receive can ask for. */
void ready_for(struct ready *r, size_t owed);

#endif
