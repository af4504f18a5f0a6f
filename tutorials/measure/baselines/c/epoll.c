/* The floor on epoll(7). */
#define _GNU_SOURCE /* SOCK_NONBLOCK for accept4 */
#include "conn.h"
#include "start.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>

static int ep;

static void control(int op, int fd, struct conn *c, unsigned events)
{
	struct epoll_event e = {.events = events, .data.ptr = c};
	if (epoll_ctl(ep, op, fd, &e) < 0)
		die("epoll_ctl");
}

/* The interest changes only when a socket becomes full, or has room again. */
static void serve(struct conn *c)
{
	enum turn t = conn_turn(c);
	if (t == OVER) {
		conn_free(c); /* close(2) takes it out of the interest list */
	} else if ((t == WRITE) != c->waits_to_write) {
		c->waits_to_write = t == WRITE;
		control(EPOLL_CTL_MOD, c->fd, c, c->waits_to_write ? EPOLLOUT : EPOLLIN);
	}
}

/* A client that has already sent data may be served completely before it is added to epoll. */
static void welcome(int fd, bool has_spoken)
{
	struct conn *c = conn_new(fd);
	enum turn t = has_spoken ? conn_turn(c) : READ;
	if (t == OVER) {
		conn_free(c);
		return;
	}
	c->waits_to_write = t == WRITE;
	control(EPOLL_CTL_ADD, fd, c, c->waits_to_write ? EPOLLOUT : EPOLLIN);
}

int main(int argc, char **argv)
{
	struct options o = start(argc, argv);
	conn_replies(o.message, o.page);
	ep = epoll_create1(EPOLL_CLOEXEC);
	if (ep < 0)
		die("epoll_create1");
	control(EPOLL_CTL_ADD, o.listener, NULL, EPOLLIN);

	for (;;) {
		struct epoll_event events[512];
		int n = epoll_wait(ep, events, 512, -1);
		if (n < 0 && errno != EINTR)
			die("epoll_wait");
		for (int i = 0; i < n; i++) {
			if (events[i].data.ptr) {
				serve(events[i].data.ptr);
				continue;
			}
			int fd = accept_one(o.listener, SOCK_NONBLOCK | SOCK_CLOEXEC);
			if (fd >= 0)
				welcome(fd, o.defer_accept);
		}
	}
}
