/* What every program here begins with: its command line and its listener. */
#ifndef START_H
#define START_H

#include <stdbool.h>
#include <stddef.h>

struct options {
	int listener;      /* a listening socket that doesn't block, inherited */
	size_t message;    /* bytes of a message */
	size_t page;       /* bytes of the page */
	bool defer_accept; /* clients are accepted when they have spoken */
};

/* Reads the command line, LISTENER MESSAGE PAGE DEFER READY: four numbers and the
 * line to print when the listener is prepared. Ends the process if it can't be.
 * From that line on a SIGTERM ends it with status 0. */
struct options start(int argc, char **argv);

/* Accepts one connection. Returns its descriptor, or -1 if there is none now.
 * Ends the process if none can be accepted any more. */
int accept_one(int listener, int flags);

/* Says which call has failed, and why, and ends the process. */
_Noreturn void die(const char *call);

#endif
