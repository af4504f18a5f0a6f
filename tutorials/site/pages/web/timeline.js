// The layout of the space-time diagram: which row, place and label each event has, and which arrows and bars lead to
// it. It knows no page, so Node can run it; the package still draws the same layout in Go, and a test compares both.

export const rowHeight = 20;

const letter = 67; // tenths of a pixel: the width of a character of a label
const inset = 10; // from a lane's line to its labels
const widest = 360; // lane of a process
const tracks = 6; // places beside each other in the kernel's lane

const order = { client: 0, kernel: 1, process: 2 };

// arrange returns the lanes from left to right: clients, the kernel, processes. There is always a kernel, because
// bytes pass through it.
export function arrange(lanes) {
  const all = lanes.some(({ kind }) => kind === "kernel") ? lanes
    : [...lanes, { id: "kernel", name: "kernel", kind: "kernel" }];
  return [...all].sort((a, b) => order[a.kind] - order[b.kind]); // sort keeps the order of equals
}

const between = (least, n, most) => Math.max(least, Math.min(n, most));

// columns gives each arranged lane its place in a diagram of that width. With many lanes the diagram gets wider than
// that. A row has one event, so its label may cover the lines of other lanes: those of clients to the left of their
// lane's line, those of processes to the right. Arrows between them and the kernel cross no label of their own row.
export function columns(lanes, width) {
  const count = (kind) => lanes.filter((lane) => lane.kind === kind).length;
  const narrow = width < 600;
  const gutter = narrow ? 58 : 76;
  const kernel = narrow ? 40 : 84;
  const outside = width - gutter - kernel; // room of the clients and processes
  const share = Math.max(Math.floor(outside * (narrow ? 3 : 4) / 10), outside - widest * count("process"));
  const client = between(10, Math.floor(share / Math.max(1, count("client"))), 132);
  const labels = !narrow ? 112 : count("client") === 1 ? 102 : 80; // what they need at the left of the first lane
  let outer = count("client") && Math.max(client, labels);
  const left = outside - outer - client * Math.max(0, count("client") - 1);
  const least = narrow ? 118 : 150; // of the last process
  let process = between(24, Math.floor(left / Math.max(1, count("process"))), widest);
  if (count("process") > 1 && process < least) // the others make room for the last one
    process = between(24, Math.floor((left - least) / (count("process") - 1)), widest);
  if (process === widest && outer > 0) // the processes leave some room
    outer += between(0, left - process * count("process"), 120);
  const wide = { client, kernel: Math.floor(kernel / count("kernel")), process };
  let x = gutter;
  const placed = lanes.map((lane, i) => {
    const last = i === lanes.length - 1 && lane.kind === "process";
    const outermost = i === 0 && lane.kind === "client";
    const w = outermost ? outer : last ? Math.max(process, least) : wide[lane.kind];
    const line = lane.kind === "client" ? x + w - inset : lane.kind === "kernel" ? x + Math.floor(w / 2) : x + inset;
    x += w;
    return { ...lane, left: x - w, width: w, line };
  });
  for (const lane of placed) {
    const room = lane.kind === "client" ? Math.min(lane.line - gutter, Math.max(lane.width, 140))
      : Math.min(x - lane.line, Math.max(lane.width, 340));
    lane.chars = Math.floor((room - inset) * 10 / letter);
  }
  return { gutter, width: x, lanes: placed };
}

// timeText writes a virtual time of ns nanoseconds.
export function timeText(ns) {
  const µs = Math.floor(ns / 1000);
  if (µs === 0) return "0";
  if (µs < 1000) return `${µs} µs`;
  if (µs < 10_000_000) return `${thousandths(µs)} ms`;
  return `${thousandths(Math.floor(µs / 1000))} s`;
}

function thousandths(n) {
  const decimals = String(n % 1000).padStart(3, "0").replace(/0+$/, "");
  return Math.floor(n / 1000) + (decimals && `.${decimals}`);
}

// resultText is the name of the error, or the number that the call returned.
export const resultText = ({ result, errno }) => errno || String(result ?? "?");

// first is the first argument: a descriptor, without what strace adds to it, or a sign for an array.
export function first(args) {
  const [arg] = (args || "").split(", ");
  if (/^[[{]/.test(arg)) return "…";
  return arg.match(/^\d+(?=<)/)?.[0] ?? arg;
}

function cut(text, chars) {
  const all = [...text];
  return all.length <= chars ? text : all.slice(0, Math.max(0, chars - 1)).join("") + "…";
}

// labelText is the longest text about a row that has at most so many characters.
export function labelText({ event, waited }, chars) {
  if (chars < 6) return "";
  if (!event.call) return cut(event.action || "", chars);
  const result = resultText(event);
  if (event.failed) return cut(`${event.call} ${result}: ${event.failed}`, chars);
  const after = waited > 0 ? ` after ${timeText(waited)}` : "";
  const short = `${event.call}(${first(event.args)}) = ${result}`;
  const whole = `${event.call}(${event.args || ""}) = ${result}${after}`;
  const all = [whole, short + after, short, `${event.call} ${result}`];
  return all.find((text) => [...text].length <= chars) ?? cut(all.at(-1), chars);
}

// In a scenario some ends of a client are actions, which a system call may follow.
const ends = /\b(shuts down|closes|resets|is killed)$/;
const waits = /^(epoll_p?wait2?|p?poll|select|pselect6|wait4|waitid|accept4?|rt_sigtimedwait|(clock_)?nanosleep)$/;
const writes = /^(write|writev|send|sendto|sendmsg|sendfile)$/;
const reads = /^(read|readv|recv|recvfrom|recvmsg)$/;

// sends tells whether an event is a call that sends bytes. splice(2) sends through its third argument, and receives
// from its first; of such an event, the field sends says which of the two the file is.
export const sends = ({ call, sends: isOut }) => writes.test(call) || (call === "splice" && Boolean(isOut));
const receives = ({ call, sends: isOut }) => reads.test(call) || (call === "splice" && !isOut);

const threadOf = ({ lane, thread }) => `${lane}/${thread ?? ""}`;

// Timeline has the rows, arrows and bars of the events that were added.
//   rows    {event, lane, time, waited, bar, out, into}: bar is the row at whose top the wait begins, or -1; out and
//           into are the arrows that begin and end in the row
//   bars    the rows that have a bar
//   arrows  {from, to, kind, bytes, side, track}: from and to are rows; kind is syn, bytes, fin or rst; side is the
//           kind of the sender's lane
export class Timeline {
  constructor(lanes) {
    this.lanes = arrange(lanes);
    this.rows = [];
    this.bars = [];
    this.arrows = [];
    this.pairs = new Map();
    this.listeners = new Set(); // open descriptions
    this.streams = new Map(); // by the open description of the sender
    this.ours = new Map(); // the stream that a lane used last
    this.held = new Map(); // the open descriptions of each lane's descriptors, as far as known
    this.last = new Map(); // row of each thread
    this.threads = new Map(); // of each lane, in the order of their first bars
    this.busy = Array.from({ length: tracks }, () => ({ until: -1, of: 0 }));
    this.timed = -1; // the last row with a time
  }

  // pair says which open descriptions are the two ends of a connection.
  pair(pairs = {}) {
    for (const [a, b] of Object.entries(pairs)) {
      this.pairs.set(Number(a), Number(b));
      this.pairs.set(Number(b), Number(a));
    }
  }

  add(event) {
    const at = this.rows.length;
    const { event: before } = this.rows[at - 1] ?? {};
    const known = this.lanes.findIndex(({ id }) => id === event.lane);
    const lane = known >= 0 ? known : this.lanes.findIndex(({ kind }) => kind === "kernel");
    const timed = event.time !== before?.time || at - this.timed >= 8;
    if (timed) this.timed = at;
    const row = { event, lane, time: timed ? timeText(event.time) : "", ...this.wait(event, at), out: [], into: [] };
    this.rows.push(row);
    if (row.bar >= 0) {
      this.bars.push(at);
      const threads = this.threads.get(event.lane) ?? [];
      if (!this.hasBar(event)) this.threads.set(event.lane, [...threads, threadOf(event)]);
    }
    if (event.call) {
      this.last.set(threadOf(event), at);
      this.carry(event, at);
      this.hold(event, at);
    } else if (this.lanes[lane].kind === "client" && ends.test(event.action)) {
      const own = this.ours.get(lane);
      if (own) own.closed = at;
    }
  }

  // wait finds out how long a call waited, and since which row.
  wait(event, at) {
    const last = this.lastOf(event);
    const began = event.began ?? this.rows[last]?.event.time ?? 0;
    const waited = event.time - began;
    const slept = event.slept ?? (waits.test(event.call) && waited > 0);
    if (!event.call || !slept) return { waited: 0, bar: -1 };
    let bar = last + 1;
    if (event.began !== undefined) for (bar = at; bar - 1 > last && this.rows[bar - 1].event.time > began;) bar--;
    return { waited, bar };
  }

  // lastOf is the row of a thread's last call, or -1.
  lastOf(event) { return this.last.get(threadOf(event)) ?? -1; }

  // hasBar tells whether the thread of an event has had a bar.
  hasBar(event) { return this.threads.get(event.lane)?.includes(threadOf(event)) ?? false; }

  // shift is how far left of its lane's line a thread's bars are: bars of several threads stand beside each other. A
  // thread that has no bar yet stands beside all others and so many more.
  shift(event, more = 0) {
    const all = this.threads.get(event.lane) ?? [];
    return 5 * Math.min(3, this.hasBar(event) ? all.indexOf(threadOf(event)) : all.length + more);
  }

  stream(file) {
    if (!this.streams.has(file)) this.streams.set(file, { sent: [], next: 0, call: -1, fin: -1, closed: -1 });
    return this.streams.get(file);
  }

  // carry notes what a call sends, and draws the arrows of what it receives.
  carry(event, at) {
    const { call, file, newFile, errno, result } = event;
    const own = this.streams.get(file);
    if (own && call !== "close") own.closed = -1; // another process had closed its descriptor only
    if (own) this.ours.set(this.rows[at].lane, own);
    if (call === "connect" && (!errno || errno === "EINPROGRESS")) this.stream(file).call = at;
    else if (/^accept4?$/.test(call) && newFile) this.accept(event, at);
    else if (errno === "ECONNRESET" || errno === "EPIPE") this.end(this.pairs.get(file), at, "rst");
    else if (errno || !file) return;
    else if (call === "listen") this.listeners.add(file);
    else if (sends(event) && result > 0) this.stream(file).sent.push({ row: at, left: result });
    else if (call === "shutdown" && /SHUT_(WR|RDWR)/.test(event.args)) this.stream(file).fin = at;
    else if (call === "close") this.stream(file).closed = at;
    else if (receives(event) && !/MSG_PEEK/.test(event.args)) {
      if (result > 0) this.receive(this.pairs.get(file), at, result);
      else this.end(this.pairs.get(file), at, "fin");
    }
  }

  // hold notes which ends of connections a process holds: when the process ends, the kernel closes them.
  hold({ call, lane, file, newFile }, at) {
    const held = this.held.get(lane) ?? [];
    this.held.set(lane, held);
    if (/^(accept4?|dup[23]?)$/.test(call) && newFile) held.push(newFile);
    else if (call === "close" && held.includes(file)) held.splice(held.indexOf(file), 1);
    else if (call === "exit_group") for (const end of held.splice(0)) this.stream(end).closed = at;
  }

  accept({ file, newFile }, at) {
    this.listeners.add(file); // its listen may have come before the first event
    if (!this.pairs.has(newFile)) this.guess(newFile);
    const sender = this.pairs.get(newFile);
    const stream = this.streams.get(sender);
    if (!stream || stream.call < 0) return;
    this.arrow(stream.call, at, "syn", 0, sender);
    stream.call = -1;
  }

  // guess finds the client of a connection that nobody saw open: one listener's queue is first in, first out.
  guess(newFile) {
    const calling = [...this.streams].filter(([file, { call }]) => call >= 0 && !this.pairs.has(file));
    if (this.listeners.size > 1 || calling.length === 0) return;
    const [oldest] = calling.reduce((a, b) => (b[1].call < a[1].call ? b : a));
    this.pair({ [oldest]: newFile });
  }

  receive(sender, at, n) {
    const stream = this.streams.get(sender);
    while (stream && n > 0 && stream.next < stream.sent.length) {
      const chunk = stream.sent[stream.next];
      const taken = Math.min(n, chunk.left);
      this.arrow(chunk.row, at, "bytes", taken, sender);
      chunk.left -= taken;
      n -= taken;
      if (chunk.left === 0) stream.next++;
    }
  }

  // end draws the arrow of a FIN or RST to the first call that noticed it.
  end(sender, at, kind) {
    const stream = this.streams.get(sender);
    if (!stream) return;
    const from = kind === "fin" && stream.fin >= 0 ? stream.fin : stream.closed;
    if (from >= 0 && !stream.ended) this.arrow(from, at, kind, 0, sender);
    if (from >= 0) stream.ended = true;
    if (kind === "rst") stream.next = stream.sent.length; // the rest is lost
  }

  // arrow gives an arrow a track in the kernel's lane: that of its connection, or a free one.
  arrow(from, to, kind, bytes, sender) {
    const mine = this.busy.findIndex(({ of }) => of === sender);
    const free = this.busy.findIndex(({ until }) => until < from);
    const track = mine >= 0 && this.busy[mine].until <= to ? mine : free >= 0 ? free : to % tracks;
    this.busy[track] = { until: to, of: sender };
    const arrow = { from, to, kind, bytes, side: this.lanes[this.rows[from].lane].kind, track };
    this.arrows.push(arrow);
    this.rows[from].out.push(arrow);
    this.rows[to].into.push(arrow);
  }

  // pending lists what no read has taken: bytes in the kernel's buffers. Each entry is a row and a number of bytes.
  pending() {
    const all = [];
    for (const [file, { sent, next }] of this.streams) {
      const peer = this.streams.get(this.pairs.get(file));
      if (!this.pairs.has(file) || peer?.closed >= 0) continue; // what is sent to a closed socket is lost
      for (const { row, left } of sent.slice(next)) all.push({ from: row, bytes: left });
    }
    return all.sort((a, b) => a.from - b.from);
  }
}

// trackAt is where a track is in the kernel's lane.
export const trackAt = (lane, track) => lane.left + Math.floor(lane.width * (2 * track + 1) / (2 * tracks));

// middle is the height of the middle of a row.
export const middle = (row) => row * rowHeight + rowHeight / 2;

// layout returns all that the package still computes too.
export function layout({ lanes, events, pairs }, width) {
  const line = new Timeline(lanes);
  line.pair(pairs);
  for (const event of events) line.add(event);
  const places = columns(line.lanes, width);
  const kernel = places.lanes.find(({ kind }) => kind === "kernel");
  const x = (row) => places.lanes[line.rows[row].lane].line;
  return {
    width: places.width,
    height: line.rows.length * rowHeight,
    lanes: places.lanes.map(({ id, left, width: w, line: at, chars }) => ({ id, left, width: w, line: at, chars })),
    rows: line.rows.map((row, i) =>
      ({ x: x(i), y: middle(i), time: row.time, label: labelText(row, places.lanes[row.lane].chars) })),
    bars: line.bars.map((i) =>
      ({ x: x(i) - line.shift(line.rows[i].event), from: line.rows[i].bar * rowHeight + 2, to: middle(i) })),
    arrows: line.arrows.map(({ from, to, kind, bytes, side, track }) =>
      ({ kind, bytes, side, from: [x(from), middle(from)], track: trackAt(kernel, track), to: [x(to), middle(to)] })),
    pending: line.pending().map(({ from, bytes }) => ({ from: [x(from), middle(from)], bytes })),
  };
}
