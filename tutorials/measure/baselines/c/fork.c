/* The floor of a process per connection with exec. The child is linked statically,
 * because otherwise the dynamic linker takes most of the time of an exec. */
#define _GNU_SOURCE /* vfork */
#include "conn.h"
#include "parent.h"
#include "start.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char **args; /* the child's arguments; the first is its descriptor */

/* Uses vfork instead of fork: the child shares the parent's memory until it calls
 * exec, which saves a copy of the page tables. */
static pid_t spawn(int fd)
{
	char number[16];
	snprintf(number, sizeof number, "%d", fd);
	args[1] = number;
	pid_t self = getpid(), pid = vfork();
	if (pid == 0) {
		end_with(self);
		execv("/proc/self/exe", args);
		_exit(127);
	}
	return pid;
}

/* Only blocking calls: a child has only one connection to wait for. */
static int child(int fd)
{
	struct conn *c = conn_new(fd);
	while (conn_turn(c) != OVER)
		;
	conn_free(c);
	return 0;
}

int main(int argc, char **argv)
{
	if (strcmp(argv[0], "child") == 0) {
		conn_replies(strtoul(argv[2], NULL, 10), strtoul(argv[3], NULL, 10));
		return child(atoi(argv[1]));
	}
	struct options o = start(argc, argv);
	args = (char *[]){"child", NULL, argv[2], argv[3], NULL};
	parent(o.listener, spawn);
}
