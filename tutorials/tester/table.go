package tester

// planned lists the chapters that have checks but aren't written yet.
var planned []int

// rules says, for each check, what a server must do. -list and the line of a failed check show it.
var rules = map[string]string{
	"answer":      "each request gets its answer",
	"next":        "after a client has left, its connection ends, and the next client is served",
	"halves":      "a request that arrives in two pieces gets one answer",
	"deadline":    "a client that stops in the middle of a request is disconnected",
	"slow":        "a client that never finishes its request is disconnected",
	"endless":     "a request that is too long is refused, and the next client is served",
	"terminator":  `the \r\n\r\n at the end of a request may arrive in two pieces`,
	"drip":        "a request that arrives one byte at a time gets one answer",
	"together":    "three requests that arrive together get three answers, in order",
	"bytes":       "a line may contain any byte, even a NUL",
	"long":        "a line or a header field may be 8,000 bytes long",
	"silent":      "a silent client doesn't make other clients wait",
	"again":       "a new client sees nothing of what an earlier client sent",
	"descriptors": "the server closes the descriptors of clients that have left",
	"zombies":     "the server waits for every child process that has ended, and for no other",
	"leave":       "the server ends on SIGTERM, without waiting for a client",
	"restart":     "a killed server can be restarted on the same port immediately",
	"reset":       "a client that resets its connection (RST) harms no other client",
	"gone":        "a client that leaves before its answers come harms no other client",
	"half-close":  "a client gets its answer even after it has sent a FIN",
	"loss":        "a client that reads late gets every answer, once and in order",
	"others":      "a client that never reads doesn't make other clients wait",
	"memory":      "a client that never reads doesn't make the server's memory grow",
	"huge":        "a huge message doesn't make the server's memory grow",
	"stuck":       "the server sleeps while a client doesn't read",
	"idle":        "the server sleeps while its clients are idle",
	"many":        "150 clients can be connected at the same time",
	"burst":       "50 clients that connect at the same moment are all served",
	"full":        "without a free descriptor the server pauses, and later serves again",
	"stall":       "later answers on a connection are as fast as the first",
	"accept":      "Sec-WebSocket-Accept is correct for every key",
	"sizes":       "messages of 0 to 200,000 bytes come back unchanged",
	"unmasked":    "an unmasked frame ends the connection",
	"ping":        "a Ping gets a Pong with the same payload",
	"pinger":      "a client that sends only a Ping doesn't make other clients wait",
	"fragments":   "a Ping between the fragments of a message gets its Pong immediately",
	"close":       "a Close frame gets a Close frame, and then the connection ends",
	"reason":      "the reason of a Close frame must be UTF-8, even if it arrives in pieces",
	"utf8":        "a text message must be UTF-8",
	"order":       "all members of a room get the same messages in the same order, each once",
	"laggard":     "a member that never reads doesn't make the other members wait",
	"dropout":     "a member that resets its connection (RST) during a broadcast harms no other member",
	"goodbye":     "after a member's Close the others go on; on SIGTERM each member gets a Close with 1001, then the end",
}

// checks is the table of all checks, in the order in which they are made. A check comes after those
// that it builds on.
var checks = []check{
	{"answer", 0, "line", nil, false, answers},
	{"next", 0, "line", []string{"answer"}, false, nextClient},
	{"answer", 1, "http", nil, false, answers},
	{"answer", 10, "ws", nil, false, answers},

	// Bytes, not messages.
	{"halves", 1, "http", []string{"answer"}, false, halves},
	{"halves", 2, "line", []string{"answer"}, false, halves},
	{"deadline", 1, "http", []string{"halves"}, false, deadline},
	{"slow", 1, "http", []string{"deadline"}, false, slow},
	{"endless", 1, "http", []string{"deadline"}, false, endless},
	{"terminator", 2, "http", []string{"halves"}, false, terminator},
	{"drip", 2, "line http", []string{"halves", "terminator"}, false, drip},
	{"drip", 10, "ws", []string{"answer"}, false, drip},
	{"together", 2, "line http", []string{"answer"}, false, together},
	{"together", 10, "ws", []string{"answer"}, false, together},
	{"bytes", 2, "line", []string{"answer"}, false, binaryLine},
	{"long", 2, "line http", []string{"halves"}, false, long},

	// Many clients, and what the server must clean up after them.
	{"silent", 3, "line http ws", []string{"answer"}, false, silent},
	{"again", 3, "line http ws", []string{"answer"}, false, again},
	{"descriptors", 3, "line http ws", []string{"again", "silent"}, true, leaks},
	{"zombies", 4, "line http ws", []string{"again", "silent"}, true, reaps},
	{"leave", 4, "line http ws", nil, true, leaves},
	{"restart", 5, "line http ws", []string{"answer"}, true, restarts},

	// Clients die.
	{"reset", 5, "line http ws", []string{"again", "silent"}, false, reset},
	{"gone", 5, "line http ws", []string{"reset", "together"}, false, gone},
	{"half-close", 5, "line http", []string{"again", "long"}, false, halfClose},

	// Slow readers.
	{"loss", 6, "line http", []string{"together", "long"}, false, loss},
	{"loss", 12, "ws", []string{"together", "answer"}, false, loss},
	{"others", 6, "line http", []string{"silent", "again", "together", "long"}, false, othersServed},
	{"others", 12, "ws", []string{"silent", "again", "together"}, false, othersServed},
	{"memory", 6, "line http", []string{"together", "long"}, true, memoryBounded},
	{"memory", 12, "ws", []string{"together"}, true, memoryBounded},
	{"huge", 12, "ws", []string{"silent", "again"}, true, hugeMessage},
	{"stuck", 6, "line http", []string{"together", "long"}, true, stuckWithoutWork},
	{"stuck", 12, "ws", []string{"together"}, true, stuckWithoutWork},

	// Idle connections, and many connections.
	{"idle", 7, "line http ws", []string{"again", "silent"}, true, idleWithoutWork},
	{"many", 7, "line http ws", []string{"again", "silent"}, false, many},
	{"burst", 8, "line http ws", []string{"again", "silent"}, false, burst},
	{"full", 6, "line http", []string{"idle", "burst"}, true, full},
	{"full", 12, "ws", []string{"idle", "burst"}, true, full},
	{"stall", 9, "http ws", []string{"again", "silent", "together"}, false, stall},

	// WebSocket.
	{"accept", 10, "ws", []string{"again", "reset"}, false, acceptValues},
	{"sizes", 10, "ws", []string{"answer"}, false, sizes},
	{"unmasked", 10, "ws", []string{"answer"}, false, unmasked},
	{"ping", 11, "ws", []string{"answer"}, false, pingPayload},
	{"pinger", 11, "ws", []string{"silent", "again", "ping"}, false, pinger},
	{"fragments", 11, "ws", []string{"ping"}, false, fragments},
	{"close", 11, "ws", []string{"again"}, false, closeCodes},
	{"reason", 11, "ws", []string{"close"}, false, closeReasons},
	{"utf8", 11, "ws", []string{"again"}, false, utf8Text},

	// One room. One member alone gets what it sends, like a client of an echo server.
	{"answer", 13, "room", nil, false, answers},
	{"drip", 13, "room", []string{"answer"}, false, drip},
	{"together", 13, "room", []string{"answer"}, false, together},
	{"silent", 13, "room", []string{"answer"}, false, silent},
	{"again", 13, "room", []string{"answer"}, false, again},
	{"accept", 13, "room", []string{"again"}, false, acceptValues},
	{"sizes", 13, "room", []string{"answer"}, false, sizes},
	{"unmasked", 13, "room", []string{"answer"}, false, unmasked},
	{"ping", 13, "room", []string{"answer"}, false, pingPayload},
	{"pinger", 13, "room", []string{"silent", "again", "ping"}, false, pinger},
	{"fragments", 13, "room", []string{"ping"}, false, fragments},
	{"utf8", 13, "room", []string{"again"}, false, utf8Text},
	{"close", 13, "room", []string{"again"}, false, closeCodes},
	{"reason", 13, "room", []string{"close"}, false, closeReasons},
	{"descriptors", 13, "room", []string{"again", "silent"}, true, leaks},
	{"zombies", 13, "room", []string{"again", "silent"}, true, reaps},
	{"leave", 13, "room", nil, true, leaves},
	{"restart", 13, "room", []string{"answer"}, true, restarts},
	{"idle", 13, "room", []string{"again", "silent"}, true, idleWithoutWork},
	{"many", 13, "room", []string{"again", "silent"}, false, many},
	{"burst", 13, "room", []string{"again", "silent"}, false, burst},
	{"full", 13, "room", []string{"idle", "burst"}, true, full},
	{"stall", 13, "room", []string{"again", "silent"}, false, stall},
	{"order", 13, "room", []string{"together", "silent"}, false, order},
	{"reset", 13, "room", []string{"again", "silent"}, false, reset},
	{"gone", 13, "room", []string{"reset", "together"}, false, gone},
	{"dropout", 13, "room", []string{"order", "gone"}, false, dropout},
	{"laggard", 13, "room", []string{"silent", "again", "sizes"}, false, laggard},
	{"memory", 13, "room", []string{"laggard"}, true, laggardCosts},
	{"stuck", 13, "room", []string{"laggard"}, true, laggardSleeps},
	{"goodbye", 13, "room", []string{"close", "leave", "silent"}, true, goodbye},
}

// Rule says what a server must do to pass a check. It returns "" if there is no such check.
func Rule(check string) string { return rules[check] }
