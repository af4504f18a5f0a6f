/* The WebSocket echo with the library wslay. Each connection has a process, which is
 * forked without exec. It uses the event-based API, which needs non-blocking sockets. */
#include "handshake.h"
#include "parent.h"
#include "start.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <wslay/wslay.h>

/* What the callbacks know about the connection. */
struct peer {
	int fd;
	const char *early; /* bytes that arrived directly after the handshake */
	size_t n_early;
};

static ssize_t result(wslay_event_context_ptr ctx, ssize_t n)
{
	if (n >= 0)
		return n;
	bool later = errno == EAGAIN || errno == EINTR;
	wslay_event_set_error(ctx, later ? WSLAY_ERR_WOULDBLOCK : WSLAY_ERR_CALLBACK_FAILURE);
	return -1;
}

static ssize_t receive(wslay_event_context_ptr ctx, uint8_t *buf, size_t len, int flags, void *user_data)
{
	(void)flags;
	struct peer *p = user_data;
	if (p->n_early > 0) {
		size_t n = p->n_early < len ? p->n_early : len;
		memcpy(buf, p->early, n);
		p->early += n;
		p->n_early -= n;
		return (ssize_t)n;
	}
	ssize_t n = recv(p->fd, buf, len, 0);
	if (n == 0) { /* the library has no value for the end of the stream */
		wslay_event_set_error(ctx, WSLAY_ERR_CALLBACK_FAILURE);
		return -1;
	}
	return result(ctx, n);
}

static ssize_t transmit(wslay_event_context_ptr ctx, const uint8_t *data, size_t len, int flags,
                        void *user_data)
{
	struct peer *p = user_data;
	int more = flags & WSLAY_MSG_MORE ? MSG_MORE : 0;
	return result(ctx, send(p->fd, data, len, MSG_NOSIGNAL | more));
}

static void echo(wslay_event_context_ptr ctx, const struct wslay_event_on_msg_recv_arg *m, void *user_data)
{
	(void)user_data;
	if (wslay_is_ctrl_frame(m->opcode))
		return; /* the library answers the error */
	struct wslay_event_msg reply = {m->opcode, m->msg, m->msg_length};
	if (wslay_event_queue_msg(ctx, &reply) == WSLAY_ERR_NOMEM)
		die("wslay_event_queue_msg");
}

/* Receives the handshake and answers it. Returns false if the handshake fails. */
static bool greet(struct peer *p, char head[HEAD_MAX + 1])
{
	size_t got = 0, len = 0;
	while (!len) {
		ssize_t n = recv(p->fd, head + got, HEAD_MAX - got, 0);
		if (n <= 0)
			return false; /* also if the head is full, because recv then has no room */
		got += (size_t)n;
		head[got] = 0;
		len = head_length(head, got);
	}
	p->early = head + len;
	p->n_early = got - len;

	char answer[ANSWER_MAX] = "HTTP/1.1 426 Upgrade Required\r\n"
		"Upgrade: websocket\r\nConnection: Upgrade, close\r\nContent-Length: 0\r\n\r\n";
	size_t n = handshake(head, answer);
	bool fine = n > 0;
	if (!fine)
		n = strlen(answer);
	return send(p->fd, answer, n, MSG_NOSIGNAL) == (ssize_t)n && fine;
}

static void converse(wslay_event_context_ptr ctx, int fd)
{
	bool fine = true;
	while (fine && (wslay_event_want_read(ctx) || wslay_event_want_write(ctx))) {
		struct pollfd p = {.fd = fd};
		if (wslay_event_want_read(ctx))
			p.events |= POLLIN;
		if (wslay_event_want_write(ctx))
			p.events |= POLLOUT;
		if (poll(&p, 1, -1) < 0) {
			if (errno != EINTR)
				die("poll");
			continue;
		}
		if (p.revents & ~POLLOUT)
			fine = wslay_event_recv(ctx) == 0;
		if (fine && wslay_event_want_write(ctx))
			fine = wslay_event_send(ctx) == 0;
	}
}

static void child(int fd)
{
	static char head[HEAD_MAX + 1];
	struct peer p = {.fd = fd};
	if (!greet(&p, head))
		return;
	if (fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
		die("fcntl");

	static const struct wslay_event_callbacks callbacks = {
		.recv_callback = receive, .send_callback = transmit, .on_msg_recv_callback = echo,
	};
	wslay_event_context_ptr ctx;
	if (wslay_event_context_server_init(&ctx, &callbacks, &p) != 0)
		die("wslay_event_context_server_init");
	if (p.n_early == 0 || wslay_event_recv(ctx) == 0)
		converse(ctx, fd);
	wslay_event_context_free(ctx);
}

static pid_t spawn(int fd)
{
	pid_t self = getpid(), pid = fork();
	if (pid == 0) {
		end_with(self);
		child(fd);
		_exit(0);
	}
	return pid;
}

int main(int argc, char **argv)
{
	struct options o = start(argc, argv);
	parent(o.listener, spawn);
}
