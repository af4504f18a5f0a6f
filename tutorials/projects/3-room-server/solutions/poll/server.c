/* Is a room of WebSocket clients: a solution of project 3 with one loop around ppoll(2).
 *
 * No call but ppoll waits. What a member is due stands in its own buffer until its socket takes it, so
 * a member that doesn't read makes nobody wait. When its buffer is full, it is disconnected. One thread
 * hands out the messages, each to all members before the next one, so all see the same order.
 */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	CLIENTS = 1000,       /* the most clients at the same time; further ones wait in the backlog */
	HEAD = 16 * 1024,     /* the most bytes of an opening handshake */
	LONGEST = 256 * 1024, /* the most bytes of a message */
	DUE = 1024 * 1024,    /* the most bytes that wait for a member */
	LINGER = 2000,        /* ms for the last bytes, and for the client's FIN */
	PAUSE = 100,          /* ms without accept after accept has failed */
	CONTINUATION = 0, TEXT = 1, BINARY = 2, CLOSE = 8, PING = 9, PONG = 10, FIN = 0x80
};

struct client {
	int fd;
	int member;         /* the handshake is over */
	int text;           /* whole has the fragments of a message so far */
	int last;           /* nothing is said after what is due */
	int dead;           /* the connection is over */
	long long deadline; /* if last: when the connection ends in any case */
	size_t in_len, whole_len, due_len;
	unsigned char in[LONGEST + 14], whole[LONGEST], due[DUE];
};

static struct client *clients[CLIENTS];
static size_t count;
static volatile sig_atomic_t stop;

static void on_term(int sig) { stop = sig; }

static long long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

/* flush sends as much as the socket takes. When the last byte is sent, a FIN follows. */
static void flush(struct client *c)
{
	while (c->due_len > 0 && !c->dead) {
		ssize_t n = send(c->fd, c->due, c->due_len, MSG_NOSIGNAL | MSG_DONTWAIT); /* no SIGPIPE */
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n < 0)
			c->dead = 1;
		else
			memmove(c->due, c->due + n, c->due_len -= (size_t)n);
	}
	if (c->last && !c->dead)
		shutdown(c->fd, SHUT_WR); /* a second one does nothing */
}

/* put adds bytes to what is due to a client. A client for which too much waits is disconnected. */
static void put(struct client *c, const void *bytes, size_t n)
{
	if (c->dead || c->last)
		return;
	if (n > DUE - c->due_len)
		flush(c);
	if (n > DUE - c->due_len) {
		c->dead = 1;
		return;
	}
	memcpy(c->due + c->due_len, bytes, n);
	c->due_len += n;
}

static void put_frame(struct client *c, int opcode, const void *payload, size_t n)
{
	unsigned char head[10] = {(unsigned char)(FIN | opcode), (unsigned char)n};
	size_t i, size = n < 126 ? 2 : n < 65536 ? 4 : 10;

	if (size > 2) {
		head[1] = size == 4 ? 126 : 127;
		for (i = 2; i < size; i++)
			head[i] = (unsigned char)((uint64_t)n >> (8 * (size - 1 - i)));
	}
	put(c, head, size);
	put(c, payload, n);
}

/* leave ends a connection after what is due and a Close frame with this payload. */
static void leave(struct client *c, const void *payload, size_t n)
{
	put_frame(c, CLOSE, payload, n);
	c->last = 1;
	c->deadline = now() + LINGER;
}

static void fail(struct client *c, int code)
{
	unsigned char payload[2] = {(unsigned char)(code >> 8), (unsigned char)code};
	leave(c, payload, 2);
}

/* is_utf8 follows the table of RFC 3629 4: no overlong form, no surrogate, nothing above U+10FFFF. */
static int is_utf8(const unsigned char *s, size_t n)
{
	static const uint32_t least[4] = {0, 0x80, 0x800, 0x10000};
	size_t i, k, more;

	for (i = 0; i < n; i += 1 + more) {
		uint32_t c = s[i];
		more = c < 0x80 ? 0 : c >> 5 == 6 ? 1 : c >> 4 == 14 ? 2 : c >> 3 == 30 ? 3 : 4;
		if (more == 4 || more >= n - i)
			return 0;
		c &= more == 0 ? 0x7f : 0x3fu >> more;
		for (k = 1; k <= more; k++) {
			if (s[i + k] >> 6 != 2)
				return 0;
			c = c << 6 | (s[i + k] & 0x3f);
		}
		if (c < least[more] || (c >= 0xd800 && c < 0xe000) || c > 0x10ffff)
			return 0;
	}
	return 1;
}

/* take does what a frame asks, whose payload is unmasked. */
static void take(struct client *c, int first, const unsigned char *p, size_t n)
{
	int opcode = first & 15, known = opcode <= BINARY || (opcode >= CLOSE && opcode <= PONG);
	size_t i;

	if ((first & 0x70) || !known || (opcode >= CLOSE && (!(first & FIN) || n > 125 || (opcode == CLOSE && n == 1))))
		fail(c, 1002);
	else if (opcode == PING)
		put_frame(c, PONG, p, n);
	else if (opcode == CLOSE && n > 2 && !is_utf8(p + 2, n - 2))
		fail(c, 1007);
	else if (opcode == CLOSE)
		leave(c, p, n < 2 ? 0 : 2); /* with the client's code */
	else if (opcode == BINARY)
		fail(c, 1003);
	else if (opcode != PONG && c->text != (opcode == CONTINUATION))
		fail(c, 1002);
	else if (opcode != PONG && n > LONGEST - c->whole_len)
		fail(c, 1009);
	else if (opcode != PONG) {
		memcpy(c->whole + c->whole_len, p, n);
		c->whole_len += n;
		if ((c->text = !(first & FIN)))
			return;
		if (!is_utf8(c->whole, c->whole_len))
			fail(c, 1007);
		for (i = 0; i < count && !c->last; i++)
			if (clients[i]->member)
				put_frame(clients[i], TEXT, c->whole, c->whole_len);
		c->whole_len = 0;
	}
}

/* frame takes the first frame of b. It returns the frame's size, or 0 if the frame isn't complete. */
static size_t frame(struct client *c, unsigned char *b, size_t len)
{
	size_t at = 2, wide, i;
	uint64_t n;

	if (len < 2)
		return 0;
	if (!(b[1] & 0x80))
		return fail(c, 1002), len; /* the mask is missing */
	n = b[1] & 0x7f;
	wide = n == 126 ? 2 : n == 127 ? 8 : 0;
	if (len < at + wide + 4)
		return 0;
	if (wide > 0)
		for (n = 0; at < 2 + wide; at++)
			n = n << 8 | b[at];
	if (n > LONGEST)
		return fail(c, 1009), len;
	if (n > len - at - 4)
		return 0;
	for (i = 0; i < n; i++)
		b[at + 4 + i] ^= b[at + (i & 3)];
	take(c, b[0], b + at + 4, (size_t)n);
	return at + 4 + (size_t)n;
}

static uint32_t rotate(uint32_t x, int n) { return x << n | x >> (32 - n); }

/* sha1 adds a block of 64 bytes to the hash h (RFC 3174 6.1). */
static void sha1(uint32_t h[5], const unsigned char *block)
{
	static const uint32_t k[4] = {0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6};
	uint32_t w[80], a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];
	int t;

	for (t = 0; t < 80; t++) {
		uint32_t f = t < 20 ? (b & c) | (~b & d) : t < 40 || t >= 60 ? b ^ c ^ d : (b & c) | (b & d) | (c & d);
		if (t < 16)
			w[t] = (uint32_t)block[4 * t] << 24 | (uint32_t)block[4 * t + 1] << 16 | block[4 * t + 2] << 8 | block[4 * t + 3];
		else
			w[t] = rotate(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
		f += rotate(a, 5) + e + w[t] + k[t / 20];
		e = d, d = c, c = rotate(b, 30), b = a, a = f;
	}
	h[0] += a, h[1] += b, h[2] += c, h[3] += d, h[4] += e;
}

/* accept_of writes the Sec-WebSocket-Accept of a key of 24 characters (RFC 6455 4.2.2). Key and GUID are 60
 * bytes, and with the hash's padding two blocks. A digest may contain a NUL, so it is no string. */
static void accept_of(const char *key, char out[29])
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint32_t h[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
	unsigned char b[128] = {0};
	int i;

	memcpy(b, key, 24);
	memcpy(b + 24, "258EAFA5-E914-47DA-95CA-C5AB0DC85B11\x80", 37);
	b[126] = 60 * 8 >> 8, b[127] = 60 * 8 & 255; /* the length in bits */
	sha1(h, b), sha1(h, b + 64);
	for (i = 0; i < 27; i++) { /* 6 bits for each digit */
		int bit = 6 * i, word = bit / 32;
		uint64_t two = (uint64_t)h[word] << 32 | (word < 4 ? h[word + 1] : 0);
		out[i] = digits[two >> (58 - bit % 32) & 63];
	}
	out[27] = '=', out[28] = 0;
}

/* field returns the value of a header field, or NULL. */
static const char *field(const char *head, const char *name)
{
	while ((head = strstr(head, "\r\n")) != NULL) {
		head += 2;
		if (strncasecmp(head, name, strlen(name)) == 0)
			return head + strlen(name) + strspn(head + strlen(name), " \t");
	}
	return NULL;
}

/* handshake answers an opening handshake, if it has arrived. It returns its size, or 0. */
static size_t handshake(struct client *c)
{
	char *end, out[29], answer[200];
	const char *key, *upgrade;

	c->in[c->in_len] = 0;
	if ((end = strstr((char *)c->in, "\r\n\r\n")) == NULL) {
		c->dead = c->in_len >= HEAD;
		return 0;
	}
	*end = 0;
	key = field((char *)c->in, "Sec-WebSocket-Key:");
	upgrade = field((char *)c->in, "Upgrade:");
	if (strncmp((char *)c->in, "GET ", 4) != 0 || upgrade == NULL || strncasecmp(upgrade, "websocket", 9) != 0 ||
	    key == NULL || strcspn(key, " \t\r") != 24)
		return c->dead = 1, 0;
	accept_of(key, out);
	snprintf(answer, sizeof answer, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
		"Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n", out);
	put(c, answer, strlen(answer));
	c->member = 1; /* from now on it gets every message */
	return (size_t)(end + 4 - (char *)c->in);
}

/* receive reads once, and takes all frames that are complete. */
static void receive(struct client *c)
{
	size_t most = c->member ? sizeof c->in : HEAD, from = 0, size = 1;
	ssize_t n = recv(c->fd, c->in + c->in_len, most - c->in_len, MSG_DONTWAIT);

	if (n <= 0) {
		c->dead = n == 0 || (errno != EAGAIN && errno != EINTR);
		return;
	}
	for (c->in_len += (size_t)n; size > 0 && !c->last && !c->dead; from += size)
		size = c->member ? frame(c, c->in + from, c->in_len - from) : handshake(c);
	if (c->last)
		from = c->in_len; /* nothing that follows counts; a FIN is still missing */
	memmove(c->in, c->in + from, c->in_len -= from);
}

static int listener(int port)
{
	struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), on = 1;

	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
	    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) < 0 || /* messages follow each other */
	    bind(fd, (struct sockaddr *)&addr, sizeof addr) < 0 || listen(fd, 128) < 0)
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
	if ((c = calloc(1, sizeof *c)) == NULL) /* the kernel gives a page when it is first written to */
		return close(fd), 0;
	c->fd = fd;
	clients[count++] = c;
	return 1;
}

/* await waits until a client or the listener is ready, a signal comes, or most ms are over. */
static void await(struct pollfd *fds, int from, int most, const sigset_t *during)
{
	size_t i;
	struct timespec t;

	for (i = 0; i < count; i++) {
		fds[i] = (struct pollfd){.fd = clients[i]->fd, .events = POLLIN};
		if (clients[i]->due_len > 0)
			fds[i].events |= POLLOUT;
		if (clients[i]->last && (most < 0 || clients[i]->deadline - now() < most))
			most = clients[i]->deadline > now() ? (int)(clients[i]->deadline - now()) + 1 : 0;
	}
	fds[count] = (struct pollfd){.fd = from, .events = POLLIN}; /* poll ignores a negative one */
	t = (struct timespec){.tv_sec = most / 1000, .tv_nsec = most % 1000 * 1000000L};
	if (ppoll(fds, count + 1, most < 0 ? NULL : &t, during) < 0) {
		if (errno != EINTR)
			perror("ppoll"), exit(1);
		for (i = 0; i <= count; i++)
			fds[i].revents = 0;
	}
}

int main(int argc, char **argv)
{
	static struct pollfd fds[CLIENTS + 1];
	struct sigaction act = {.sa_handler = on_term};
	int from, said = 0, port = argc == 2 ? atoi(argv[1]) : 0;
	long long reopen = 0; /* accept has failed: until then the listener isn't watched */
	sigset_t term, before;

	if (port <= 0 || port > 65535) {
		fprintf(stderr, "usage: %s PORT\n", argv[0]);
		return 2;
	}
	/* The signal is blocked in the rest of the loop, so it can't come between the look at stop and the wait. */
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_BLOCK, &term, &before);
	sigaction(SIGTERM, &act, NULL);
	from = listener(port);
	while (!stop || count > 0) {
		size_t i, had = count, kept = 0;
		int paused = now() < reopen, closed = stop || paused || count == CLIENTS;

		await(fds, closed ? -1 : from, stop && !said ? 0 : paused ? PAUSE : -1, &before);
		for (i = 0; i < had; i++)
			if (fds[i].revents & ~POLLOUT)
				receive(clients[i]);
		for (i = 0; i < had && stop && !said; i++)
			if (clients[i]->member)
				fail(clients[i], 1001); /* going away */
			else
				clients[i]->dead = 1;
		said = stop != 0;
		for (i = 0; i < had; i++) {
			struct client *c = clients[i];
			if (c->due_len > 0 || c->last)
				flush(c);
			if (!c->dead && !(c->last && now() >= c->deadline)) {
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
		sigprocmask(SIG_SETMASK, &before, NULL); /* ppoll takes no signal while a client is ready each time */
		sigprocmask(SIG_BLOCK, &term, NULL);
	}
	return 0;
}
