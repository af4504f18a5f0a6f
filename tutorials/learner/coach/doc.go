// Package coach does for the course's pages what a page can't do itself: it runs the programs of
// experiments, plays clients that misbehave, and saves the reader's predictions, runs, and place in
// each chapter.
//
// The coach is a server of its own beside the three servers under study, which so stay unchanged.
// Whatever it does to one of them, it does through a socket, like any client, and the server counts
// it like any client.
//
//	GET  /health                 {"ok":true}
//	GET  /predictions            {"1.backlog":"3"}
//	POST /predictions            {"name":"1.backlog","choice":"3"}
//	GET  /reading                {"finished":{"1":true},"places":{"2":"predict"},"last":2,
//	                             "runs":{"1.backlog":{"date":"…","output":"…","svg":"…"}}}
//	POST /reading                {"chapter":2,"section":"predict"}, or {"chapter":1,"finished":true}
//	GET  /standing               where the reader stands in the course; see package standing
//	POST /experiments/1.backlog  a JSON object for each line, as it comes: {"state":"building"},
//	                             {"line":"…"}, at last {"done":true,"svg":"…","error":""}
//	GET  /clients                all clients, and how their connections ended
//	POST /clients                {"kind":"half"}: start a client of the page's server, {"id":3}
//	POST /clients/3/close        make client 3 leave
//
// It is dangerous to run a program on request, or to connect to a port on request. So the coach
// runs only programs from a list, one at a time and at most for a minute. Its clients are few,
// connect only to the three servers, and leave within a minute.
//
// A request must come from a page of one of the three servers, opened by the user who started the
// coach. The coach checks three things:
//
//   - Origin: there a browser names the page's origin. The coach refuses a POST without one of the
//     servers' origins. Another site can let its own name point to this machine; the coach
//     recognizes its pages by their Host.
//   - Coach-Secret: each POST must have the secret that the coach made when it started. Pages find
//     the secret beside the coach's address. A program that only guesses the coach's port doesn't
//     know it.
//   - The owner of the client's socket: another user of this machine can forge the Origin and read
//     the secret, because the servers answer any local user. So the coach looks up in /proc/net/tcp
//     which user made the socket, and refuses all other users except root.
package coach
