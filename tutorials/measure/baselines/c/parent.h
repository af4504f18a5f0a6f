/* A process for each connection: the parent's part. */
#ifndef PARENT_H
#define PARENT_H

#include <sys/types.h>

/* Accepts connections for ever and gives each to spawn, which starts a process
 * for it and returns its number, or -1. The descriptor is closed afterwards.
 * Children are waited for, so that their CPU time is added to the parent's. */
_Noreturn void parent(int listener, pid_t (*spawn)(int fd));

/* In a child: to be told SIGTERM when the parent ends, however it ends. */
void end_with(pid_t parent);

#endif
