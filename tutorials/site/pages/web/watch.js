// How a loop asks who is ready: epoll's interest list and ready list, or the array that poll gets.

import { duration, keyed, make, say } from "./dom.js";

const always = ["ERR", "HUP"]; // epoll and poll report them without being asked

const withoutPrefix = (flags) =>
  flags
    .split("|")
    .map((flag) => flag.replace(/^E?POLL/, ""))
    .filter((flag) => flag !== "0");

// parseArray reads poll's array as strace writes it: [{fd=3, events=POLLIN, revents=0}, …], n, ms.
export function parseArray(args) {
  return [...args.matchAll(/\{fd=(-?\d+), events=([A-Z|0-9]+)(?:, revents=([A-Z|0-9]+))?\}/g)].map(
    ([, fd, events, revents]) => ({
      fd: Number(fd),
      events: withoutPrefix(events),
      revents: withoutPrefix(revents ?? "0"),
    }),
  );
}

// until says how long a thread waits at most.
const until = ({ Timeout }) =>
  Timeout >= 0 && Timeout < 2 ** 62 ? `at most until ${duration(Timeout)}` : "without a timeout";

function cells(row, ...texts) {
  row.replaceChildren(...texts.map((text, i) => make(i === 0 ? "th" : "td", i === 0 ? { scope: "row" } : {}, text)));
}

const table = (caption, ...heads) => {
  const body = make("tbody");
  const whole = make(
    "table",
    { class: "words short" },
    make("caption", {}, caption),
    make("thead", {}, make("tr", {}, ...heads.map((head) => make("th", { scope: "col" }, head)))),
    body,
  );
  return { body, whole: make("div", { class: "wide", tabindex: "0", role: "region", "aria-label": caption }, whole) };
};

// Epoll shows one epoll instance.
class Epoll {
  constructor() {
    this.title = make("p", { class: "title" });
    this.interest = table("Interest list", "fd", "Description", "Asks for", "Holds", "Ready list");
    this.ready = make("ol", { class: "chips", "aria-label": "Ready list, first in line first" });
    this.none = make("p", { class: "none" }, "empty");
    this.element = make("li", {}, this.title, make("p", {}, "Ready list:"), this.ready, this.none, this.interest.whole);
  }

  fill({ file, holders, entries, ready }) {
    say(this.title, `epoll instance, description ${file}, ${holders}`);
    keyed(
      this.ready,
      ready,
      ({ Fd, File }) => `${Fd} ${File}`,
      () => make("li"),
      (element, { Fd, about }) => say(element, `${Fd} ${about}`),
    );
    this.none.hidden = ready.length > 0;
    keyed(
      this.interest.body,
      entries,
      ({ Fd, File }) => `${Fd} ${File}`,
      () => make("tr"),
      (row, { Fd, File, about, asks, holds, isReady }) =>
        cells(
          row,
          String(Fd),
          `${File}: ${about}`,
          asks.join(" ") || "nothing",
          holds.join(" ") || "–",
          isReady ? "yes" : "–",
        ),
    );
  }
}

// Poll shows the array of one thread that waits in poll, or has last called it.
class Poll {
  constructor() {
    this.title = make("p", { class: "title" });
    this.array = table("Array of poll", "fd", "Description", "events", "revents", "Holds");
    this.element = make("li", {}, this.title, this.array.whole);
  }

  fill({ title, entries }) {
    say(this.title, title);
    keyed(
      this.array.body,
      entries,
      ({ i }) => i,
      () => make("tr"),
      (row, { fd, isAsked, about, events, revents, holds }) =>
        cells(
          row,
          String(fd),
          about,
          events.join(" ") || "0",
          isAsked ? "–" : revents.join(" ") || "0", // the kernel writes it when the call returns
          holds.join(" ") || "–",
        ),
    );
  }
}

// Watches is the part of the kernel's column.
export class Watches {
  constructor(part) {
    this.list = part.querySelector("ul");
    this.none = part.querySelector(".none");
    this.cards = new WeakMap();
  }

  paint(net, machine) {
    const items = [...this.#epolls(net), ...this.#polls(net, machine)];
    this.none.hidden = items.length > 0;
    const create = ({ file }) => {
      const card = file ? new Epoll() : new Poll();
      this.cards.set(card.element, card);
      return card.element;
    };
    keyed(
      this.list,
      items,
      ({ key }) => key,
      create,
      (element, item) => this.cards.get(element).fill(item),
    );
  }

  #epolls(net) {
    return [...net.files.values()]
      .filter(({ Kind }) => Kind === "epoll")
      .map((file) => {
        const ready = (file.Ready ?? []).map(({ Fd, File }) => ({ Fd, File, about: net.about(File) }));
        const listed = new Set(ready.map(({ Fd, File }) => `${Fd} ${File}`));
        const entries = (file.Interest ?? []).map(({ Fd, File, Events }) => {
          const asks = (Events ?? []).filter((name) => !always.includes(name));
          const holds = (net.files.get(File)?.Events ?? []).filter(
            (name) => asks.includes(name) || always.includes(name),
          );
          return { Fd, File, about: net.about(File), asks, holds, isReady: listed.has(`${Fd} ${File}`) };
        });
        const holders =
          net.holders
            .get(file.ID)
            ?.map(({ table, fd }) => `fd ${fd} of ${table}`)
            .join(", ") ?? "no descriptor";
        return { key: `epoll ${file.ID}`, file: file.ID, holders, entries, ready };
      });
  }

  // A thread's array is that of the call in which it is. Between two calls nobody has it but the server; so that of
  // the last call is shown, and what the call has returned in it.
  #polls(net, machine) {
    const items = [];
    const last = new Map();
    for (let i = machine.count() - 1, seen = 0; i >= 0 && seen < 2000; i--, seen++) {
      const { Call, Pid, Tid, Args } = machine.events[i];
      if ((Call === "poll" || Call === "ppoll") && !last.has(Tid)) last.set(Tid, { Call, Pid, Tid, Args });
    }
    for (const process of net.programs) {
      for (const thread of process.Threads ?? []) {
        const calls = thread.Call === "poll" || thread.Call === "ppoll";
        const call = calls ? thread : last.get(thread.Tid);
        if (!call) continue;
        const descriptors = new Map(
          ((thread.OwnTable ? thread : process).Descriptors ?? []).map(({ Fd, File }) => [Fd, File]),
        );
        const entries = parseArray(call.Args ?? "").map(({ fd, events, revents }, i) => ({
          i,
          fd,
          events,
          revents,
          isAsked: calls,
          about: descriptors.has(fd) ? net.about(descriptors.get(fd)) : "no such descriptor",
          holds: (net.files.get(descriptors.get(fd))?.Events ?? []).filter(
            (name) => events.includes(name) || always.includes(name),
          ),
        }));
        const state = !calls
          ? `its last ${call.Call} has returned`
          : thread.Waits
            ? `waits in ${call.Call}, ${until(thread)}`
            : `its ${call.Call} is about to return`;
        items.push({
          key: `poll ${process.Pid} ${thread.Tid}`,
          title: `process ${process.Pid}, thread ${thread.Tid}: ${state}`,
          entries,
        });
      }
    }
    return items;
  }
}
