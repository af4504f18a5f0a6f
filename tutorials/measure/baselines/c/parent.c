#define _GNU_SOURCE /* ppoll */
#include "parent.h"
#include "start.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static void child_ended(int signal)
{
	(void)signal; /* the handler exists only to interrupt ppoll */
}

static void reap(void)
{
	pid_t pid;
	while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
		;
	if (pid < 0 && errno != ECHILD)
		die("waitpid");
}

_Noreturn void parent(int listener, pid_t (*spawn)(int fd))
{
	/* SIGCHLD is blocked except during ppoll, so that none is missed. */
	sigset_t during, otherwise;
	if (sigprocmask(SIG_BLOCK, NULL, &during) < 0)
		die("sigprocmask");
	otherwise = during;
	sigaddset(&otherwise, SIGCHLD);
	if (sigprocmask(SIG_SETMASK, &otherwise, NULL) < 0)
		die("sigprocmask");
	if (sigaction(SIGCHLD, &(struct sigaction){.sa_handler = child_ended}, NULL) < 0)
		die("sigaction");
	if (fcntl(listener, F_SETFD, FD_CLOEXEC) < 0)
		die("fcntl");

	for (;;) {
		struct pollfd p = {.fd = listener, .events = POLLIN};
		int n = ppoll(&p, 1, NULL, &during);
		if (n < 0 && errno != EINTR)
			die("ppoll");
		if (n < 0)
			reap();
		int fd = n > 0 ? accept_one(listener, 0) : -1;
		if (fd < 0)
			continue;
		if (spawn(fd) < 0)
			perror("fork"); /* the client's connection is closed */
		if (close(fd) < 0)
			perror("close");
	}
}

void end_with(pid_t parent)
{
	if (prctl(PR_SET_PDEATHSIG, SIGTERM) < 0 || getppid() != parent)
		_exit(0);
}
