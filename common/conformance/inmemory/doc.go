// Package inmemory makes a Config of the protocol core from a server's flags, with the servers' own
// application and without sockets. It builds for a browser, too: the codec of the course shows what this
// core answers.
package inmemory
