/* A connection that parses nothing.
 *
 * After its first request it knows how many bytes the client sends at a time:
 * for a WebSocket the frame of a message of the size it was told, else a request
 * as long as the first. It counts bytes, and owes a ready-made reply for each
 * time that so many have come. What remains is what the kernel costs: the floor
 * below which no server can go. */
#ifndef CONN_H
#define CONN_H

#include <stdbool.h>
#include <stddef.h>

struct ready;

struct conn {
	int fd;
	bool waits_to_write;
	bool websocket;
	bool ending;               /* to be closed when nothing is owed */
	struct ready *reply;
	size_t unit;               /* bytes that ask for one reply; 0 until the first request is whole */
	size_t got;                /* bytes of the unit that have come */
	size_t owed;               /* bytes of replies not sent yet */
	char *head;                /* the first request, as far as it has come, else NULL */
};

enum turn { OVER, READ, WRITE };

/* Makes the replies to messages and requests: their payload's bytes. */
void conn_replies(size_t message_size, size_t page_size);

/* Makes a connection that owns fd. */
struct conn *conn_new(int fd);

/* Receives once unless something is owed, sends once if something is, and says
 * what to wait for. On a blocking socket both may wait. */
enum turn conn_turn(struct conn *c);

/* Closes and frees c. */
void conn_free(struct conn *c);

#endif
