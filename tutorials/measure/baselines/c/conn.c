#define _GNU_SOURCE /* strcasestr */
#include "conn.h"
#include "handshake.h"
#include "ready.h"
#include "start.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct ready frame, page;   /* the answers to a message and to a request */
static size_t frame_unit;          /* bytes of a client's frame with such a message */
static char in[256 << 10];         /* shared by all connections, which keep nothing of what they receive */

void conn_replies(size_t message_size, size_t page_size)
{
	frame = ready_frame(message_size);
	frame_unit = frame.len + 4; /* for the masking key */
	page = ready_page(page_size);
}

struct conn *conn_new(int fd)
{
	struct conn *c = calloc(1, sizeof *c);
	if (!c)
		die("calloc");
	c->fd = fd;
	return c;
}

void conn_free(struct conn *c)
{
	if (close(c->fd) < 0)
		perror("close");
	free(c->head);
	free(c);
}

/* Counts n bytes received. It looks at only one byte of each frame, for the
 * opcode 8: without an answer to Close no client would end in order. */
static void count(struct conn *c, const char *bytes, size_t n)
{
	for (size_t at = (c->unit - c->got) % c->unit; c->websocket && at < n; at += c->unit)
		if ((bytes[at] & 0x0f) == 8) {
			c->ending = true;
			n = at;
		}
	c->got += n;
	c->owed += c->got / c->unit * c->reply->len;
	c->got %= c->unit;
}

/* Handles n more bytes of the first request. Returns false if it isn't acceptable. */
static bool greet(struct conn *c, size_t n)
{
	c->got += n;
	c->head[c->got] = 0;
	size_t len = head_length(c->head, c->got), all = c->got;
	if (!len)
		return all < HEAD_MAX;

	char *head = c->head, answer[ANSWER_MAX];
	c->head = NULL;
	c->got = 0;
	bool fine = true;
	size_t n_answer = handshake(head, answer);
	if (n_answer) {
		c->websocket = true;
		c->reply = &frame;
		c->unit = frame_unit;
		/* This is the first send, so the socket has room for all of it. */
		fine = send(c->fd, answer, n_answer, MSG_NOSIGNAL) == (ssize_t)n_answer;
		count(c, head + len, all - len);
	} else {
		c->reply = &page;
		c->unit = len;
		c->ending = strcasestr(head, "\r\nConnection: close") != NULL;
		count(c, head, all);
	}
	free(head);
	return fine;
}

/* Receives once. Returns false when the connection is over. */
static bool take(struct conn *c)
{
	char *to = in;
	size_t room = sizeof in;
	if (!c->unit) {
		if (!c->head && !(c->head = malloc(HEAD_MAX + 1)))
			die("malloc");
		to = c->head + c->got;
		room = HEAD_MAX - c->got;
	}
	ssize_t n = recv(c->fd, to, room, 0);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	if (n == 0)
		return false;
	if (!c->unit)
		return greet(c, (size_t)n);
	count(c, to, (size_t)n);
	return true;
}

/* Sends once. It continues in the middle of a reply if the last send ended there. */
static bool give(struct conn *c)
{
	ready_for(c->reply, c->owed);
	size_t sent = (c->reply->len - c->owed % c->reply->len) % c->reply->len;
	size_t n = c->reply->total - sent;
	ssize_t gone = send(c->fd, c->reply->bytes + sent, n < c->owed ? n : c->owed, MSG_NOSIGNAL);
	if (gone < 0)
		return errno == EAGAIN || errno == EINTR;
	c->owed -= (size_t)gone;
	return true;
}

enum turn conn_turn(struct conn *c)
{
	static const char close_frame[] = {(char)0x88, 2, 0x03, (char)0xe8}; /* Close 1000 */

	if (!c->owed && !take(c))
		return OVER;
	if (c->owed && !give(c))
		return OVER;
	if (c->owed)
		return WRITE;
	if (!c->ending)
		return READ;
	if (c->websocket && send(c->fd, close_frame, sizeof close_frame, MSG_NOSIGNAL) < 0 && errno != EPIPE &&
	    errno != ECONNRESET)
		perror("send");
	return OVER;
}
