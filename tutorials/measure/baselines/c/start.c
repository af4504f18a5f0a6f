#define _GNU_SOURCE /* accept4 */
#include "start.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

_Noreturn void die(const char *call)
{
	perror(call);
	exit(1);
}

static void told_to_end(int signal)
{
	(void)signal;
	_exit(0);
}

static void set(int fd, int option, const char *name)
{
	if (setsockopt(fd, IPPROTO_TCP, option, &(int){1}, sizeof(int)) < 0)
		die(name);
}

struct options start(int argc, char **argv)
{
	if (argc != 6) {
		fprintf(stderr, "usage: %s LISTENER MESSAGE PAGE DEFER READY\n", argv[0]);
		exit(2);
	}
	struct options o = {
		.listener = atoi(argv[1]),
		.message = strtoul(argv[2], NULL, 10),
		.page = strtoul(argv[3], NULL, 10),
		.defer_accept = atoi(argv[4]) != 0,
	};
	if (signal(SIGTERM, told_to_end) == SIG_ERR)
		die("signal");
	/* On Linux accepted sockets inherit this option, which saves a call for each. */
	set(o.listener, TCP_NODELAY, "TCP_NODELAY");
	if (o.defer_accept)
		set(o.listener, TCP_DEFER_ACCEPT, "TCP_DEFER_ACCEPT"); /* waits up to a second */
	if (puts(argv[5]) == EOF || fflush(stdout) == EOF)
		die("standard output");
	return o;
}

int accept_one(int listener, int flags)
{
	int fd = accept4(listener, NULL, NULL, flags);
	if (fd >= 0)
		return fd;
	switch (errno) {
	case EBADF: case EFAULT: case EINVAL: case ENOTSOCK: case EOPNOTSUPP:
	case EMFILE: case ENFILE: case ENOBUFS: case ENOMEM: /* the listener would stay ready, and the loop would spin */
		die("accept");
	}
	return -1; /* no client is waiting, or the waiting one has gone */
}
