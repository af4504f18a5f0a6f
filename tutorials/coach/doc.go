// Package coach does for the pages what a page can't do: it runs the programs of experiments, plays
// clients that misbehave, and keeps the reader's predictions.
//
// It is a server beside the three and none of them, so that the servers under study stay what they are:
// what it does to one of them comes through a socket, as from any client, and is counted as such.
//
//	GET  /health                 {"ok":true}
//	GET  /predictions            {"1.backlog":"3"}
//	POST /predictions            {"name":"1.backlog","choice":"3"}
//	POST /experiments/1.backlog  a JSON object for each line, as it comes: {"state":"building"},
//	                             {"line":"…"}, at last {"done":true,"svg":"…","error":""}
//	GET  /clients                what clients there are, and what became of them
//	POST /clients                {"kind":"half"}: one more, {"id":3}, of the server whose page asks
//	POST /clients/3/close        it leaves
//
// A program that is run at a request is dangerous, and so is whoever connects to a port at a request. So
// only programs of a list are run, one at a time and for a minute; clients connect to the three servers
// and nowhere else, are few, and leave within a minute. Who asks must be a page of one of the three: a
// browser says in Origin whose page it is, and each POST without such an Origin is refused. Another
// site's page that has its own name point at this machine is recognized by its Host.
package coach
