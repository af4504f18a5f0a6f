package tester

// planned are the chapters of the table that aren't written yet.
var planned = []int{9, 10, 11}

// checks is the table of all checks, in the order in which they are made. A
// check comes behind those that it builds on.
var checks = []check{
	{"answer", 1, "line http", nil, false, answers},
	{"answer", 9, "ws", nil, false, answers},

	// Bytes, not messages.
	{"halves", 1, "http", []string{"answer"}, false, halves},
	{"halves", 2, "line", []string{"answer"}, false, halves},
	{"deadline", 1, "http", []string{"halves"}, false, deadline},
	{"slow", 1, "http", []string{"deadline"}, false, slow},
	{"terminator", 2, "http", []string{"halves"}, false, terminator},
	{"drip", 2, "line http", []string{"halves", "terminator"}, false, drip},
	{"drip", 9, "ws", []string{"answer"}, false, drip},
	{"together", 2, "line http", []string{"answer"}, false, together},
	{"together", 9, "ws", []string{"answer"}, false, together},
	{"bytes", 2, "line", []string{"answer"}, false, binaryLine},
	{"long", 2, "line http", []string{"halves"}, false, long},

	// Many clients, and what they leave behind.
	{"silent", 3, "line http ws", []string{"answer"}, false, silent},
	{"again", 3, "line http ws", []string{"answer"}, false, again},
	{"descriptors", 3, "line http ws", []string{"again", "silent"}, true, leaks},
	{"zombies", 3, "line http ws", []string{"again", "silent"}, true, reaps},
	{"leave", 3, "line http ws", nil, true, leaves},
	{"restart", 4, "line http ws", []string{"answer"}, true, restarts},

	// Clients die.
	{"reset", 4, "line http ws", []string{"again", "silent"}, false, reset},
	{"gone", 4, "line http ws", []string{"reset", "together"}, false, gone},
	{"half-close", 4, "line http", []string{"again", "long"}, false, halfClose},

	// Slow readers.
	{"loss", 5, "line http", []string{"together", "long"}, false, loss},
	{"loss", 11, "ws", []string{"together", "answer"}, false, loss},
	{"others", 5, "line http", []string{"silent", "again", "together", "long"}, false, othersServed},
	{"others", 11, "ws", []string{"silent", "again", "together"}, false, othersServed},
	{"memory", 5, "line http", []string{"together", "long"}, true, memoryBounded},
	{"memory", 11, "ws", []string{"together"}, true, memoryBounded},
	{"stuck", 5, "line http", []string{"together", "long"}, true, stuckWithoutWork},
	{"stuck", 11, "ws", []string{"together"}, true, stuckWithoutWork},

	// Idle connections, and many at once.
	{"idle", 6, "line http ws", []string{"again", "silent"}, true, idleWithoutWork},
	{"many", 6, "line http ws", []string{"again", "silent"}, false, many},
	{"burst", 7, "line http ws", []string{"again", "silent"}, false, burst},
	{"full", 5, "line http", []string{"idle", "burst"}, true, full},
	{"full", 11, "ws", []string{"idle", "burst"}, true, full},
	{"stall", 8, "http ws", []string{"again", "silent"}, false, stall},

	// WebSocket.
	{"accept", 9, "ws", []string{"again", "reset"}, false, acceptValues},
	{"sizes", 9, "ws", []string{"answer"}, false, sizes},
	{"unmasked", 9, "ws", []string{"answer"}, false, unmasked},
	{"ping", 10, "ws", []string{"answer"}, false, pingPayload},
	{"pinger", 10, "ws", []string{"silent", "again", "ping"}, false, pinger},
	{"fragments", 10, "ws", []string{"ping"}, false, fragments},
	{"close", 10, "ws", []string{"again"}, false, closeCodes},
	{"reason", 10, "ws", []string{"close"}, false, closeReasons},
	{"utf8", 10, "ws", []string{"again"}, false, utf8Text},
}
