/* The beginning of every program here: its command line and its listener. */
#ifndef START_H
#define START_H

#include <stdbool.h>
#include <stddef.h>

struct options {
	int listener;      /* an inherited, non-blocking listening socket */
	size_t message;    /* bytes of a message */
	size_t page;       /* bytes of the page */
	bool defer_accept; /* whether to accept clients only when data has arrived */
};

/* Parses the command line, LISTENER MESSAGE PAGE DEFER READY: four numbers, and the
 * line to print when the listener is prepared. Ends the process if it can't prepare
 * the listener. After that line a SIGTERM ends the process with status 0. */
struct options start(int argc, char **argv);

/* Accepts one connection. Returns its descriptor, or -1 if no client is waiting.
 * Ends the process if it can't accept any more. */
int accept_one(int listener, int flags);

/* Prints which call has failed, and why, and ends the process. */
_Noreturn void die(const char *call);

#endif
