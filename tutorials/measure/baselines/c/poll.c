/* The floor on poll(2). */
#define _GNU_SOURCE /* SOCK_NONBLOCK for accept4 */
#include "conn.h"
#include "start.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>

/* Two parallel arrays, because the kernel wants the first one as it is. The
 * listener has index 0, which has no connection. */
static struct pollfd *fds;
static struct conn **conns;
static nfds_t n, room;

static void add(int fd, struct conn *c)
{
	if (n == room) {
		room = room ? room * 2 : 64;
		fds = realloc(fds, room * sizeof *fds);
		conns = realloc(conns, room * sizeof *conns);
		if (!fds || !conns)
			die("realloc");
	}
	fds[n] = (struct pollfd){.fd = fd, .events = POLLIN};
	conns[n++] = c;
}

static void serve(nfds_t i)
{
	enum turn t = conn_turn(conns[i]);
	if (t != OVER) {
		fds[i].events = t == WRITE ? POLLOUT : POLLIN;
		return;
	}
	conn_free(conns[i]);
	n--;
	fds[i] = fds[n];
	conns[i] = conns[n];
}

int main(int argc, char **argv)
{
	struct options o = start(argc, argv);
	conn_replies(o.message, o.page);
	add(o.listener, NULL);
	for (;;) {
		int ready = poll(fds, n, -1);
		if (ready < 0 && errno != EINTR)
			die("poll");
		/* From the end: serve may move the last entry to i, and that one was already served. */
		for (nfds_t i = n; ready > 0 && i-- > 0;) {
			if (!fds[i].revents)
				continue;
			ready--;
			if (conns[i]) {
				serve(i);
				continue;
			}
			int fd = accept_one(o.listener, SOCK_NONBLOCK | SOCK_CLOEXEC);
			if (fd < 0)
				continue;
			add(fd, conn_new(fd));
			if (o.defer_accept)
				serve(n - 1);
		}
	}
}
