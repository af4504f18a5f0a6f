/* The parent's part of a process per connection. */
#ifndef PARENT_H
#define PARENT_H

#include <sys/types.h>

/* Accepts connections without end and calls spawn for each. spawn starts a process
 * for it and returns the process id, or -1. Then the parent closes its descriptor.
 * It waits for children, so that their CPU time is added to its own. */
_Noreturn void parent(int listener, pid_t (*spawn)(int fd));

/* For a child: it gets SIGTERM when the parent ends, however it ends. */
void end_with(pid_t parent);

#endif
