// Package coach does for the pages what a page can't do: it runs the programs of experiments, plays
// clients that misbehave, and keeps the reader's predictions, runs, and place in each chapter.
//
// It is a server beside the three and none of them, so that the servers under study stay what they are:
// what it does to one of them comes through a socket, as from any client, and is counted as such.
//
//	GET  /health                 {"ok":true}
//	GET  /predictions            {"1.backlog":"3"}
//	POST /predictions            {"name":"1.backlog","choice":"3"}
//	GET  /reading                {"finished":{"1":true},"places":{"2":"predict"},"last":2,
//	                             "runs":{"1.backlog":{"date":"…","output":"…","svg":"…"}}}
//	POST /reading                {"chapter":2,"section":"predict"}, or {"chapter":1,"finished":true}
//	POST /experiments/1.backlog  a JSON object for each line, as it comes: {"state":"building"},
//	                             {"line":"…"}, at last {"done":true,"svg":"…","error":""}
//	GET  /clients                what clients there are, and what became of them
//	POST /clients                {"kind":"half"}: one more, {"id":3}, of the server whose page asks
//	POST /clients/3/close        it leaves
//
// A program that is run at a request is dangerous, and so is a client that connects to a port
// at a request. So the coach runs only programs of a list, one at a time and for a minute; its
// clients connect to the three servers and nowhere else, are few, and leave within a minute.
//
// A request must come from a page of one of the three servers, opened by the user who started
// the coach. Three things show that:
//
//   - Origin: a browser says there whose page it is, and each POST without one of the servers'
//     origins is refused. Another site's page that has its own name point at this machine is
//     recognized by its Host.
//   - Coach-Secret: each POST must have the secret that the coach made when it started, and
//     that the pages find beside the coach's address. A program that only guesses the coach's
//     port does not know it.
//   - The owner of the client's socket: another user of this machine can forge the first and
//     read the second, because the servers answer everyone on loopback. So the coach looks up
//     in /proc/net/tcp who made the socket, and refuses other users, except root.
package coach
