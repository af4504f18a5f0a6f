// Checks the functions of the laboratory that need no page. Usage: node lab.mjs, beside the scripts of the site.
import assert from "node:assert/strict";

import { base64url, bytesOf, coming, duration, fromBase64url, plural, printable, textOf } from "./dom.js";
import { quoted, unquoted } from "./clients.js";
import { spans } from "./descriptors.js";
import { parseArray } from "./watch.js";
import { Net } from "./net.js";
import { reason, written } from "./program.js";
import { changes, position } from "./tell.js";

const every = String.fromCharCode(...Array.from({ length: 256 }, (_, i) => i));
assert.equal(unquoted(quoted(every).slice(1, -1)), every, "each byte survives quoting");
assert.equal(quoted('say "hi"\\\n'), String.raw`"say \"hi\"\\\n"`);
assert.equal(unquoted("é\\x41"), "\xc3\xa9A", "a character is sent in UTF-8");
assert.equal(printable("a\r\n\x00\xff\\"), String.raw`a\r\n\x00\xff\\`);

const text = 'at 1ms A sends "é ~?>"\n';
assert.equal(fromBase64url(base64url(text)), text);
assert.match(base64url(every), /^[A-Za-z0-9_-]+$/, "nothing in it means something else in an address");
assert.equal(textOf(bytesOf("€")), "€");
assert.deepEqual([0, 999, 5e6, 1.5e9, 1000001000].map(duration), ["0 ms", "999 ns", "5 ms", "1.5 s", "1.000001 s"]);
assert.deepEqual([plural(1, "byte"), plural(2000, "byte")], ["1 byte", "2,000 bytes"]);

assert.deepEqual(parseArray("[{fd=3, events=POLLIN|POLLOUT, revents=0}, {fd=-1, events=0}], 2, -1"), [
  { fd: 3, events: ["IN", "OUT"], revents: [] },
  { fd: -1, events: [], revents: [] },
]);

// A call in a few characters shows what is ready, and has one ellipsis.
const entry = (fd, revents = "0") => `{fd=${fd}, events=POLLIN, revents=${revents}}`;
const call = (Call, Args, Result = 1) => ({ Call, Args, Result, Errno: "" });
const array = `[${[3, 4, 5].map((fd) => entry(fd)).join(", ")}, ${entry(6, "POLLIN|POLLHUP")}, ${entry(7)}], 5, -1`;
assert.equal(written(call("poll", array), 100), `poll([…, ${entry(6, "POLLIN|POLLHUP")}, …], 5, -1) = 1`);
assert.equal(written(call("poll", array)), `poll(${array}) = 1`);
assert.equal(written(call("write", '1, "listening on"..., 53', 53), 20), 'write(1, "listening on"…) = 53');
assert.match(reason(call("ppoll", "[], 0, 5ms, NULL, 0")), /5 ms/);
assert.match(reason(call("epoll_wait", "4, [], 128, 0", 0)), /^Timeout 0/);
assert.deepEqual([reason(call("poll", "[], 0, 10")), reason(call("read", "3, \"\", 0")), reason()], ["", "", ""]);
assert.deepEqual([[-1, 5], [5, 5], [6e6, 5]].map(([NextTime, now]) => coming({ NextTime }, now, "none")),
  ["none", "the next timer or action comes now", "the next timer or action comes at 6 ms"]);
assert.deepEqual([position({ step: 4, furthest: 9 }), position({ step: 9, furthest: 9 })], ["4 of 9", "9"]);

// What a step without an event has changed.
const at = (Time, ...Threads) => ({ Time, Processes: [{ Pid: 1, Program: true, Threads }, { Pid: 2, Threads: null }] });
const runs = { Tid: 1, Waits: false, Call: "", Timeout: -1 };
const waits = { Tid: 1, Waits: true, Call: "poll", Timeout: 2e9 };
const returns = { ...waits, Waits: false };
assert.deepEqual(
  [[at(0, runs), at(0, waits)], [at(0, waits), at(2e9, returns)], [at(0, waits), at(1e9, returns)],
    [at(1e9, returns), at(1e9, waits)], [at(0, waits), at(0, waits)]].map(([before, after]) => changes(before, after)),
  ["thread 1 of process 1 waits in poll, at most until 2 s",
    "time has passed from 0 ms to 2 s; poll of thread 1 of process 1 has timed out",
    "time has passed from 0 ms to 1 s; a timer of the kernel wakes thread 1 of process 1 in poll",
    "thread 1 of process 1 looks, finds nothing, and waits on in poll, at most until 2 s",
    "a timer of the kernel has gone off"]);

// A wait that times out says for which connection, and what the kernel does because it is time has a name.
const late = (session, Sockets = [{ State: "LISTEN" }]) =>
  changes({ ...at(0, waits), Sockets, Phases: [{ Pid: 1, Fd: 5, File: 11, Queued: 0, ...session }] }, at(2e9, returns));
assert.match(late({ Phase: "fresh", Deadline: 2e9 }), /timed out, because the time is up for descriptor 5 in phase fresh \(-head-timeout\)$/);
assert.match(late({ Phase: "open", Deadline: 1e9, Queued: 7 }), /in phase open \(-write-timeout\)$/);
assert.match(late({ Phase: "linger", Deadline: 1e9, Queued: 7 }), /in phase linger \(-close-timeout\)$/);
assert.match(late({ Phase: "idle", Deadline: 1e9 }, []), /in phase idle \(the shutdown\)$/);
assert.match(late({ Phase: "idle", Deadline: 3e9 }), /timed out$/, "its time isn't up yet");
assert.match(late({ Pid: 2, Phase: "idle", Deadline: 1e9 }), /timed out$/, "it is another process's");
assert.equal(changes(at(0, waits), { ...at(0, returns), Fired: { About: "an acknowledgement is sent", Socket: 9 } },
  { endOf: (id) => `socket ${id}` }), "an acknowledgement is sent (socket 9); that wakes thread 1 of process 1 in poll");
assert.deepEqual([spans([0, 1, 2, 4]), spans([3]), spans([])], ["0–2, 4", "3", ""]);

// A has a connection that the server has accepted, B's waits in the accept queue, and C has closed: only the server's
// end is left of its connection.
const socket = (ID, State, Local, Remote, Peer, more = {}) => ({ ID, State, Local, Remote, Peer, ...more });
const view = {
  Processes: [
    { Pid: 1, Program: true, Descriptors: [{ Fd: 4, File: 10 }, { Fd: 5, File: 11 }, { Fd: 6, File: 14 }] },
    { Pid: 2, Descriptors: [{ Fd: 0, File: 12 }] }, { Pid: 3, Descriptors: [{ Fd: 0, File: 13 }] },
  ],
  Files: [{ ID: 10, Kind: "tcp", Socket: 1 }, { ID: 11, Kind: "tcp", Socket: 3, Events: ["OUT"] },
    { ID: 12, Kind: "tcp", Socket: 2 }, { ID: 13, Kind: "tcp", Socket: 4 }, { ID: 14, Kind: "tcp", Socket: 6 }],
  Sockets: [socket(1, "LISTEN", "s:80", "", 0, { Backlog: [5] }), socket(2, "ESTABLISHED", "c:1", "s:80", 3),
    socket(3, "ESTABLISHED", "s:80", "c:1", 2), socket(4, "ESTABLISHED", "c:2", "s:80", 5),
    socket(5, "ESTABLISHED", "s:80", "c:2", 4), socket(6, "CLOSE-WAIT", "s:80", "c:3", 7),
    socket(7, "FIN-WAIT-2", "c:3", "s:80", 6)],
  Clients: [{ Name: "A", Pid: 2, Socket: 2 }, { Name: "B", Pid: 3, Socket: 4 }, { Name: "C", Pid: 4, Socket: 7 }],
  Phases: [{ Pid: 1, Fd: 5, File: 11, Phase: "idle" }],
  Turn: 9,
};
const net = new Net();
net.learn(view);
net.learn({ ...view, Clients: view.Clients.slice(0, 2), Sockets: view.Sockets.slice(0, 6) });
assert.deepEqual(
  net.connections.map(({ name, queued, session, holders, client, server }) => [name, queued, session?.Phase ?? "", holders.length, client?.ID, server?.ID]),
  [["A", false, "idle", 1, 2, 3], ["B", true, "", 0, 4, 5], ["C", false, "", 1, undefined, 6]]);
assert.deepEqual([10, 11, 12, 99].map((id) => net.about(id)), ["listener s:80", "TCP to A", "TCP, A's end", "gone"]);
assert.equal(net.turn, 9);

// A client whose connection nobody has seen keeps its name.
const unseen = new Net();
unseen.learn({ ...view, Clients: [{ Name: "D", Pid: 5, Socket: 0, Addresses: ["c:3"] }] });
assert.equal(unseen.nameOf(view.Sockets[5]), "D");
assert.deepEqual([2, 3, 99].map((id) => net.endOf(id)), ["A's end", "the server's end of A's connection", ""]);
console.log("ok");
