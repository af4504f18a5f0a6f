/* Sends each line back: a solution of project 1 with one loop around poll(2).
 *
 * No call but poll waits. So what a program for one client has in its variables, this program must
 * write down before it turns to the next client: struct client.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	CLIENTS = 1000,      /* the most clients at the same time; further ones wait in the backlog */
	LONGEST = 64 * 1024, /* the most bytes of a line */
	PAUSE = 100          /* ms without accept after accept has failed */
};

/* A connection. Its buffer holds bytes that have arrived and aren't sent back:
 *
 *     0         sent          whole           len
 *     | is sent | is due      | half a line   |
 */
struct client {
	int fd;
	size_t sent, whole, len;
	char buf[LONGEST];
};

static struct client *clients[CLIENTS];
static size_t count;

static long long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static int listener(int port)
{
	struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
	int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;

	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0) /* for a restart */
		die("socket");
	if (bind(fd, (struct sockaddr *)&addr, sizeof addr) < 0 || listen(fd, 128) < 0)
		die("listen");
	/* A client may leave between poll and accept; without this flag, accept would wait for another. */
	if (fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
		die("fcntl");
	return fd;
}

/* welcome accepts one client. If more are waiting, the next poll says so. It returns false if the
 * kernel has no descriptor or no memory for a client: an attempt after that would fail too. */
static int welcome(int from)
{
	int fd = accept(from, NULL, NULL);
	struct client *c;

	if (fd < 0)
		return errno == EAGAIN || errno == EINTR || errno == ECONNABORTED;
	c = malloc(sizeof *c);
	if (c == NULL || fcntl(fd, F_SETFL, O_NONBLOCK) < 0) {
		free(c);
		close(fd);
		return 0;
	}
	c->fd = fd;
	c->sent = c->whole = c->len = 0;
	clients[count++] = c;
	return 1;
}

/* receive reads once. It returns false if the connection is over. */
static int receive(struct client *c)
{
	ssize_t n = read(c->fd, c->buf + c->len, LONGEST - c->len);
	size_t end;

	if (n <= 0) /* 0: the client sends nothing more, and each whole line is sent back already */
		return n < 0 && (errno == EAGAIN || errno == EINTR);
	c->len += (size_t)n;
	for (end = c->len; end > 0 && c->buf[end - 1] != '\n'; end--)
		;
	c->whole = end;
	return end > 0 || c->len < LONGEST; /* a line that is too long ends the connection */
}

/* transmit sends what is due, or as much of it as the socket takes. It returns false if the
 * connection is over. */
static int transmit(struct client *c)
{
	while (c->sent < c->whole) {
		/* A client that has reset its connection must not end this process by a SIGPIPE. */
		ssize_t n = send(c->fd, c->buf + c->sent, c->whole - c->sent, MSG_NOSIGNAL);

		if (n < 0 && errno == EAGAIN)
			return 1; /* the socket is full: poll will report when it has room */
		if (n < 0 && errno != EINTR)
			return 0;
		if (n > 0)
			c->sent += (size_t)n;
	}
	memmove(c->buf, c->buf + c->whole, c->len - c->whole);
	c->len -= c->whole;
	c->sent = c->whole = 0;
	return 1;
}

/* watch fills in what poll must watch: an entry for each client, and the listener after them. */
static void watch(struct pollfd *fds, int listener)
{
	size_t i;

	for (i = 0; i < count; i++) {
		/* While something is due, nothing is read. So a client that doesn't read can't fill
		 * the memory. */
		short want = clients[i]->whole > 0 ? POLLOUT : POLLIN;

		fds[i] = (struct pollfd){.fd = clients[i]->fd, .events = want};
	}
	fds[count] = (struct pollfd){.fd = listener, .events = POLLIN}; /* poll ignores a negative one */
}

/* turns gives each client that is ready its turn, and forgets those whose connections are over. */
static void turns(const struct pollfd *fds)
{
	size_t i, kept = 0;

	for (i = 0; i < count; i++) {
		struct client *c = clients[i];

		if (fds[i].revents == 0 || ((c->whole > 0 || receive(c)) && transmit(c))) {
			clients[kept++] = c;
			continue;
		}
		close(c->fd);
		free(c);
	}
	count = kept;
}

int main(int argc, char **argv)
{
	static struct pollfd fds[CLIENTS + 1];
	int from, port = argc == 2 ? atoi(argv[1]) : 0;
	long long reopen = 0; /* accept has failed: until then the listener isn't watched */

	if (port <= 0 || port > 65535) {
		fprintf(stderr, "usage: %s PORT\n", argv[0]);
		return 2;
	}
	from = listener(port);
	for (;;) { /* until a SIGTERM, whose default action ends the process */
		int called, paused = now() < reopen; /* events of clients don't shorten the pause */

		watch(fds, paused || count == CLIENTS ? -1 : from);
		if (poll(fds, count + 1, paused ? PAUSE : -1) < 0) {
			if (errno != EINTR)
				die("poll");
			continue;
		}
		called = fds[count].revents != 0; /* before turns, which changes count */
		turns(fds);
		if (called && !welcome(from)) {
			perror("accept");
			reopen = now() + PAUSE;
		}
	}
}
