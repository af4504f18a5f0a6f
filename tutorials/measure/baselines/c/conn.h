/* A connection that parses nothing.
 *
 * After its first request it knows how many bytes the client sends for each
 * answer. For a WebSocket that is the frame of a message of the given size,
 * otherwise a request as long as the first one. It counts bytes, and owes one
 * ready-made reply each time that so many have arrived. What remains is the cost
 * of the kernel: the floor, below which no server can go. */
#ifndef CONN_H
#define CONN_H

#include <stdbool.h>
#include <stddef.h>

struct ready;

struct conn {
	int fd;
	bool waits_to_write;
	bool websocket;
	bool ending;               /* whether to close when no reply is owed */
	struct ready *reply;
	size_t unit;               /* bytes per reply; 0 until the first request is complete */
	size_t got;                /* bytes of the current unit received */
	size_t owed;               /* bytes of replies not sent yet */
	char *head;                /* the first request while it is incomplete, otherwise NULL */
};

enum turn { OVER, READ, WRITE };

/* Makes the replies to messages and requests, with payloads of these sizes. */
void conn_replies(size_t message_size, size_t page_size);

/* Makes a connection that owns fd. */
struct conn *conn_new(int fd);

/* Receives once unless replies are owed, then sends once if replies are owed, and
 * returns what to wait for. On a blocking socket both calls may wait. */
enum turn conn_turn(struct conn *c);

/* Closes and frees c. */
void conn_free(struct conn *c);

#endif
