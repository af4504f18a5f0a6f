// The middle of the laboratory: what the kernel knows. The accept queue, and for each connection four buffers.

import { coming, duration, keyed, make, plural, printable, say, set } from "./dom.js";
import { Descriptors, Tree } from "./descriptors.js";
import { Watches } from "./watch.js";

const most = 60; // characters of a buffer that are shown without a click

// Queue shows the listeners with the connections that wait for accept4.
class Queue {
  constructor(list) {
    this.list = list;
  }

  paint(net) {
    const items = net.listeners.map(({ ID, Local, Limit, Backlog, Deferred }) => ({
      ID,
      Local,
      Limit,
      waiting: this.#names(net, Backlog),
      deferred: this.#names(net, Deferred),
      holders: net.holders.get(net.fileOf.get(ID)?.ID)?.map(({ table, fd }) => `${fd} of ${table}`),
    }));
    keyed(
      this.list,
      items,
      ({ ID }) => ID,
      () => make("li"),
      (element, item) => {
        const count = `${item.waiting.length} of at most ${item.Limit + 1} wait for accept4`;
        element.replaceChildren(
          make(
            "p",
            {},
            make("strong", {}, item.Local),
            ` descriptor ${item.holders?.join(", ") ?? "closed"}: ${count}`,
          ),
        );
        if (item.waiting.length > 0) element.append(chips(item.waiting, "Accept queue, first in line first"));
        if (item.deferred.length > 0) {
          element.append(make("p", {}, "TCP_DEFER_ACCEPT holds back:"), chips(item.deferred, "Held back"));
        }
      },
    );
  }

  #names(net, ids) {
    return ids?.map((id) => (net.sockets.has(id) ? net.nameOf(net.sockets.get(id)) : `socket ${id}`)) ?? [];
  }
}

// chips is a row of short words.
function chips(words, label) {
  return make("ol", { class: "chips", "aria-label": label }, ...words.map((word) => make("li", {}, word)));
}

// Buffer is one of the four buffers of a connection.
class Buffer {
  constructor(label, which) {
    this.which = which;
    this.count = make("span", { class: "count" });
    this.meter = make("meter", { min: 0, "aria-hidden": "true" });
    this.text = make("code");
    this.element = make(
      "div",
      { class: "buffer" },
      make("span", { class: "label" }, label),
      this.count,
      this.meter,
      this.text,
    );
  }

  part(socket) {
    return this.which === "received" ? socket?.Received : socket?.Unsent;
  }

  fill(socket) {
    const part = this.part(socket);
    const size = this.which === "received" ? socket?.ReceiveBuffer : socket?.SendBuffer;
    const n = part?.N ?? 0;
    set(this.element, "data-empty", n === 0 ? "" : null);
    say(this.count, socket ? `${n.toLocaleString("en")} B` : "gone");
    set(this.meter, "max", size || 1);
    set(this.meter, "value", n);
    this.element.title = socket ? `${n} of ${size} bytes` : "This socket is gone.";
    const text = printable(part?.Text.slice(0, most) ?? "");
    say(this.text, n > most ? `${text}…` : text);
  }
}

// reasons say why the bytes in a send buffer stay there.
const reasons = {
  window: "the other end's receive buffer is full",
  nagle: "Nagle's algorithm holds bytes back",
  more: "MSG_MORE holds bytes back",
};

// ended says how far the end of a connection has come.
function ended(socket) {
  const signs = [];
  if (socket.Error) signs.push(socket.Error);
  if (socket.FinReceived) signs.push("FIN received");
  if (socket.FinSent) signs.push("FIN sent");
  if (socket.Waits) signs.push(reasons[socket.Waits] ?? socket.Waits);
  if (socket.Unacked) signs.push(`${socket.Unacked.toLocaleString("en")} B unacknowledged`);
  return signs.length ? `, ${signs.join(", ")}` : "";
}

// Connection shows a connection: on the left the client's end, on the right the server's.
class Connection {
  constructor(kernel) {
    this.kernel = kernel;
    this.title = make("strong");
    this.facts = make("span", { class: "facts" });
    this.ends = { client: make("p", { class: "end" }), server: make("p", { class: "end" }) };
    this.buffers = {
      out: new Buffer("send buffer", "unsent"),
      in: new Buffer("receive buffer", "received"),
      back: new Buffer("send buffer", "unsent"),
      got: new Buffer("receive buffer", "received"),
    };
    this.queue = make("span", { class: "count" });
    const queue = make(
      "div",
      { class: "buffer queue", title: "Bytes that the server has for the client, and that the socket hasn't taken" },
      make("span", { class: "label" }, "queued by the server"),
      this.queue,
    );
    this.all = make("pre", { tabindex: "0", "aria-label": "All bytes" });
    this.more = make("details", {}, make("summary", {}, "All bytes"), this.all);
    this.more.addEventListener("toggle", () => this.open());
    const { out, in: came, back, got } = this.buffers;
    this.element = make(
      "li",
      { class: "connection", "data-quiet": true }, // until it has had bytes: then its place stays
      make("p", {}, this.title, " ", this.facts),
      make(
        "div",
        { class: "ends" },
        make("div", {}, this.ends.client, out.element, got.element),
        make("div", {}, this.ends.server, came.element, back.element, queue),
      ),
      this.more,
    );
  }

  fill({ name, server, client, holders, queued, session, events }) {
    say(this.title, name);
    const fd = holders.map(({ table, fd }) => `fd ${fd} of ${table}`).join(" and ");
    const place = queued
      ? "in the accept queue"
      : fd || (server ? "no descriptor of the server" : "the server has no socket for it");
    say(
      this.facts,
      [place, session && `phase ${session.Phase}`, events.length && `ready: ${events.join(" ")}`]
        .filter(Boolean)
        .join(" · "),
    );
    say(this.ends.client, client ? `client: ${client.State}${ended(client)}` : "client: gone");
    say(this.ends.server, server ? `server: ${server.State}${ended(server)}` : "server: gone");
    const { out, in: came, back, got } = this.buffers;
    this.sides = [
      [out, client, "client's"],
      [came, server, "server's"],
      [back, server, "server's"],
      [got, client, "client's"],
    ];
    for (const [buffer, socket] of this.sides) buffer.fill(socket);
    const n = session?.Queued ?? 0;
    say(this.queue, session ? `${n.toLocaleString("en")} B` : "gone");
    set(this.queue.parentElement, "data-empty", n === 0 ? "" : null);
    this.more.hidden = this.sides.every(([, socket]) => !socket?.Received.N && !socket?.Unsent.N);
    if (n > 0 || !this.more.hidden) set(this.element, "data-quiet", null);
    if (this.more.open) this.open();
  }

  // open shows all bytes of the buffers that have some.
  open() {
    if (!this.more.open) return;
    const texts = this.sides
      .filter(([buffer, socket]) => buffer.part(socket)?.N > 0)
      .map(([{ which }, { ID }, of]) => {
        const bytes = printable(this.kernel.machine.bytes(ID, which)).replaceAll("\\n", "\\n\n");
        return `In the ${of} ${which === "unsent" ? "send" : "receive"} buffer:\n${bytes}`;
      });
    say(this.all, texts.join("\n\n"));
  }
}

// Connections is the list of them, and says how many there are.
class Connections {
  constructor(section, kernel) {
    [this.list, this.kernel] = [section.querySelector("ul"), kernel];
    this.count = section.querySelector(".count");
    this.cards = new WeakMap();
  }

  paint(net) {
    const all = net.connections;
    say(this.count, all.length ? `(${all.length})` : "(none)");
    const create = () => {
      const card = new Connection(this.kernel);
      this.cards.set(card.element, card);
      return card.element;
    };
    keyed(
      this.list,
      all,
      ({ id }) => id,
      create,
      (element, item) => this.cards.get(element).fill(item),
    );
  }
}

// Kernel is the column. At its top is a button for each part, which shows whether the step has changed the part.
export class Kernel {
  constructor(column) {
    const part = (name) => column.querySelector(`[data-part="${name}"]`);
    this.clock = column.querySelector(".clock");
    this.tree = part("tree");
    this.descriptors = new Descriptors(part("descriptors"));
    const parts = {
      queue: new Queue(part("queue").querySelector("ul")),
      connections: new Connections(part("connections"), this),
      watches: new Watches(part("watches")),
      descriptors: this.descriptors,
      tree: new Tree(this.tree.querySelector("ul")),
    };
    this.parts = Object.entries(parts).map(([name, view]) => ({
      view,
      element: part(name),
      button: column.querySelector(`[data-show="${name}"]`),
    }));
    for (const { element, button } of this.parts) button.addEventListener("click", () => this.#show(element));
    this.tree.querySelector("summary").addEventListener("click", () => (this.isChosen = true));
  }

  // show opens a part, and brings into view what the last step has changed there.
  #show(element) {
    element.open = true;
    element.scrollIntoView({ block: "nearest" });
    element.querySelector(".new")?.scrollIntoView({ block: "nearest" });
    element.querySelector("summary").focus({ preventScroll: true });
  }

  // begin takes the state before the scenario's first action, with which later states are compared.
  begin(net) {
    this.descriptors.begin(net);
    if (!this.isChosen) this.tree.open = false;
  }

  paint(machine, net) {
    [this.machine, this.net] = [machine, net];
    const { Time, Wall, Counters } = machine.view;
    const next = coming(machine.view, machine.time, "nothing is planned");
    const calls = Object.values(Counters?.Calls ?? {}).reduce((sum, n) => sum + n, 0);
    say(
      this.clock,
      `${duration(Time)} after the start (${Wall.slice(11, 19)} on the wall clock); ${next}. ` +
        `The server has made ${plural(calls, "system call")}.`,
    );
    for (const { view } of this.parts) view.paint(net, machine);
    const isTree = net.programs.length > 1;
    if (isTree && !this.isChosen) this.tree.open = true; // and it stays so, to keep what is below in place
  }

  // tellChanges lights the buttons of the parts that the last step has changed.
  tellChanges() {
    for (const { element, button } of this.parts) {
      const isNew = element.querySelector(".new") !== null;
      button.classList.toggle("lit", isNew);
      set(button, "aria-description", isNew ? "the last step has changed it" : null);
    }
  }
}
