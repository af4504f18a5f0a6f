/* Answers each GET with a page: a solution of project 2 with one loop around poll(2).
 *
 * No call but poll waits. Every response is the same bytes, so all that is left to write to a client
 * is an offset. Requests that have arrived and aren't answered stay in the client's buffer.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	CLIENTS = 1000,      /* the most clients at the same time; further ones wait in the backlog */
	LONGEST = 16 * 1024, /* the most bytes of a request */
	ARRIVAL = 10000,     /* ms from the first byte of a request to its last one */
	PAUSE = 100          /* ms without accept after accept has failed */
};

struct client {
	int fd;
	int last;           /* the connection ends after this response */
	size_t len;         /* bytes of buf */
	size_t due;         /* bytes of the response that aren't sent yet; 0: no response is due */
	long long deadline; /* by then the request in buf must be whole; 0: none has begun */
	char buf[LONGEST + 1];
};

static struct client *clients[CLIENTS];
static size_t count;
static char answer[2048]; /* head and page in one piece, so that one call sends both */
static size_t answer_len;

#define TEN(text) text text text text text text text text text text
static const char page[] = "<!doctype html><title>A page</title>\n" TEN(TEN("All is well.\n"));

static long long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

static int listener(int port)
{
	struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
	int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;

	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
	    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) < 0 || /* for answers in a row */
	    bind(fd, (struct sockaddr *)&addr, sizeof addr) < 0 || listen(fd, 128) < 0 ||
	    fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
		perror("listen"), exit(1);
	return fd;
}

/* welcome accepts one client. It returns false if there is no descriptor or no memory for it. */
static int welcome(int from)
{
	int fd = accept(from, NULL, NULL);
	struct client *c;

	if (fd < 0)
		return errno == EAGAIN || errno == EINTR || errno == ECONNABORTED;
	c = calloc(1, sizeof *c);
	if (c == NULL || fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
		return free(c), close(fd), 0;
	c->fd = fd;
	clients[count++] = c;
	return 1;
}

/* field returns what follows the name in the next line that begins with it, or NULL. A blank before
 * the colon, or a missing \r, must not hide a length that a proxy in front of this server sees. */
static const char *field(const char *text, const char *name)
{
	while ((text = strchr(text, '\n')) != NULL)
		if (strncasecmp(++text, name, strlen(name)) == 0)
			return text + strlen(name);
	return NULL;
}

/* closes reports whether a field Connection contains “close” (RFC 9112 9.6), or a longer word with it. */
static int closes(const char *at)
{
	while ((at = field(at, "Connection:")) != NULL)
		for (; *at != '\n' && *at != 0; at++)
			if (strncasecmp(at, "close", 5) == 0)
				return 1;
	return 0;
}

/* take takes one whole request out of the buffer, if there is one. It returns false if the request
 * isn't one that this server answers. */
static int take(struct client *c)
{
	char *end;
	size_t n, line;

	c->buf[c->len] = 0; /* a NUL inside of a request makes it look unfinished, until it is too late */
	if ((end = strstr(c->buf, "\r\n\r\n")) == NULL) {
		if (c->deadline == 0 && c->len > 0)
			c->deadline = now() + ARRIVAL; /* later bytes of this request don't move it */
		return c->len < LONGEST;
	}
	*end = 0;
	n = (size_t)(end + 4 - c->buf);
	if (strncmp(c->buf, "GET ", 4) != 0 || field(c->buf, "Content-Length") || field(c->buf, "Transfer-Encoding"))
		return 0; /* after a body that isn't read, nobody knows where the next request begins */
	line = strcspn(c->buf, "\r");
	c->last = closes(c->buf) || line < 9 || memcmp(c->buf + line - 9, " HTTP/1.1", 9) != 0;
	c->due = answer_len;
	c->deadline = 0;
	memmove(c->buf, c->buf + n, c->len -= n);
	return 1;
}

/* turn does what a client is ready for, without waiting. It returns false if the connection is over. */
static int turn(struct client *c)
{
	if (c->due == 0) { /* while an answer is due, nothing is read: that limits the memory */
		ssize_t n = read(c->fd, c->buf + c->len, LONGEST - c->len);
		if (n <= 0)
			return n < 0 && (errno == EAGAIN || errno == EINTR);
		c->len += (size_t)n;
		if (!take(c))
			return 0;
	}
	while (c->due > 0) {
		ssize_t n = send(c->fd, answer + answer_len - c->due, c->due, MSG_NOSIGNAL); /* no SIGPIPE */
		if (n < 0)
			return errno == EAGAIN || errno == EINTR;
		c->due -= (size_t)n;
		if (c->due == 0 && (c->last || !take(c)))
			return 0;
	}
	return 1;
}

/* wait_for waits until a client or the listener is ready, or a deadline is over. */
static void wait_for(struct pollfd *fds, int from, int most)
{
	size_t i;

	for (i = 0; i < count; i++) {
		struct client *c = clients[i];
		long long left = c->deadline == 0 ? -1 : c->deadline - now();

		fds[i] = (struct pollfd){.fd = c->fd, .events = c->due > 0 ? POLLOUT : POLLIN};
		if (c->deadline != 0 && (most < 0 || left < most))
			most = left > 0 ? (int)left + 1 : 0;
	}
	fds[count] = (struct pollfd){.fd = from, .events = POLLIN}; /* poll ignores a negative one */
	while (poll(fds, count + 1, most) < 0)
		if (errno != EINTR)
			perror("poll"), exit(1);
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
	answer_len = (size_t)snprintf(answer, sizeof answer, "HTTP/1.1 200 OK\r\n"
		"Content-Type: text/html\r\nContent-Length: %zu\r\n\r\n%s", sizeof page - 1, page);
	from = listener(port);
	for (;;) { /* until a SIGTERM, whose default action ends the process */
		size_t i, had = count, kept = 0;
		int paused = now() < reopen;
		wait_for(fds, paused || count == CLIENTS ? -1 : from, paused ? PAUSE : -1);
		for (i = 0; i < had; i++) {
			struct client *c = clients[i];
			if ((fds[i].revents == 0 || turn(c)) && (c->deadline == 0 || now() < c->deadline)) {
				clients[kept++] = c;
				continue;
			}
			close(c->fd);
			free(c);
		}
		count = kept;
		if (fds[had].revents != 0 && !welcome(from)) {
			perror("accept");
			reopen = now() + PAUSE;
		}
	}
}
