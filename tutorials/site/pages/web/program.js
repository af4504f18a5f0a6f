// The right column of the laboratory: which thread runs, the call that it has made, and the line of the source that led
// to the call.

import { coming, duration, keyed, make, say } from "./dom.js";
import { linkOf, sourceOf } from "./source.js";

// readyOnly leaves of poll's array those entries that are ready, with a mark for each gap.
function readyOnly(args) {
  const array = /^\[(\{.*\})\](.*)$/.exec(args);
  if (!array) return args;
  const gap = (entry) => (entry.includes("revents=0}") ? "…" : entry);
  const entries = array[1].split(/(?<=\}), /).map(gap);
  return `[${entries.filter((entry, i) => entry !== "…" || entries[i - 1] !== "…").join(", ")}]${array[2]}`;
}

// written is a call as strace writes it. Of its arguments come at most so many characters.
export function written({ Call, Args, Result, Errno }, most = 300) {
  let args = Args;
  if (args.length > most && /^p?poll$/.test(Call)) args = readyOnly(args);
  if (args.length > most) args = `${args.slice(0, most).replace(/[.,\s]+$/, "")}…`;
  return `${Call}(${args}) = ${Result}${Errno ? ` ${Errno}` : ""}`;
}

const brief = 150; // characters of the last call's arguments; the diagram has all

// short is a function's name without its package's path.
const short = (name) => name.replace(/^.*\//, "").replace(/^main\./, "");

// link leads to the line in the annotated source, if the site has it.
function link(source) {
  const text = `${source.File.replace(/^threeloops\//, "")}:${source.Line}`;
  const url = linkOf(source);
  return url ? make("a", { href: url }, text) : text;
}

// reason says why a server makes a call whose timeout surprises.
export function reason({ Call, Args } = {}) {
  if (Call === "ppoll")
    return (
      "After an event the child expects the next one soon. So it waits in ppoll first, for 5 ms at most and without " +
      "telling Go's scheduler, which costs less than poll. If nothing comes, it waits in poll."
    );
  if (/^(epoll_wait|poll)$/.test(Call) && /, 0$/.test(Args))
    return (
      "Timeout 0: the server only looks, because it has work left, or a deadline has passed. Before it closes a " +
      "connection for a timeout, it reads what came in time."
    );
  return "";
}

// Program is the column.
export class Program {
  constructor(column) {
    const one = (selector) => column.querySelector(selector);
    [this.turn, this.call, this.where, this.source] = [one("#turn"), one("#call"), one("#where"), one("#source")];
    this.why = one("#why");
    [this.threads, this.counts, this.out] = [one("#threads tbody"), one("#counts tbody"), one("#out")];
    this.depth = [...column.querySelectorAll('[name="depth"]')];
    for (const input of this.depth)
      input.addEventListener("change", () => this.machine && this.paint(this.machine, this.net));
  }

  paint(machine, net) {
    [this.machine, this.net] = [machine, net];
    const { view } = machine;
    this.#tellTurn(view);
    const last = machine.lastCall;
    say(this.call, last ? written(last, brief) : "No system call so far.");
    say(this.why, reason(last));
    this.#show(last);
    const threads = net.programs
      .flatMap((process) => (process.Threads ?? []).map((thread) => ({ process, thread })))
      .map(({ process, thread }) => ({
        Pid: process.Pid,
        Name: net.commandOf(process),
        Stopped: process.Stopped,
        thread,
        isNext: net.turn === thread.Tid,
      }));
    keyed(
      this.threads,
      threads,
      ({ Pid, thread }) => `${Pid} ${thread.Tid}`,
      () => make("tr"),
      (row, item) => this.#thread(row, item),
    );
    const calls = Object.entries(view.Counters?.Calls ?? {}).sort(([a, n], [b, m]) => m - n || a.localeCompare(b));
    keyed(
      this.counts,
      calls,
      ([name]) => name,
      () => make("tr", {}, make("th", { scope: "row" }), make("td")),
      (row, [name, n]) => {
        say(row.firstChild, name);
        say(row.lastChild, n.toLocaleString("en"));
      },
    );
    say(
      this.out,
      [view.Out, view.Err, ...(view.Panics ?? []).map(({ Pid, Value }) => `process ${Pid} panics: ${Value}`)]
        .filter(Boolean)
        .join("\n") || "Nothing so far.",
    );
  }

  #tellTurn(view) {
    const { Over, Status } = view;
    const { turn, programs } = this.net;
    const process = programs.find(({ Threads }) => Threads?.some(({ Tid }) => Tid === turn));
    if (Over)
      return say(
        this.turn,
        Status < 0 ? "A signal has ended the server." : `The server has ended with status ${Status}.`,
      );
    if (process) return say(this.turn, `Thread ${turn} of process ${process.Pid} makes the next call.`);
    const next = coming(view, this.machine.time, "nothing will wake them");
    return say(this.turn, `Every thread waits, and ${next}.`);
  }

  #thread(row, { Pid, Name, Stopped, thread, isNext }) {
    const until = thread.Timeout > 0 && thread.Timeout < 2 ** 62 ? `, at most until ${duration(thread.Timeout)}` : "";
    const returns = thread.Call ? `, returns from ${thread.Call}` : "";
    const runs = `${isNext ? "runs" : "can run"}${returns}`;
    const state = Stopped ? "stopped" : thread.Waits ? `waits in ${thread.Call}${until}` : runs;
    row.classList.toggle("next", isNext);
    row.replaceChildren(
      make("th", { scope: "row" }, `${Pid} ${Name}`),
      make("td", {}, String(thread.Tid)),
      make("td", {}, state),
    );
  }

  // show finds the source of a call. An answer that comes after the next step is dropped.
  async #show(call) {
    const isInner = this.depth.find((input) => input.checked)?.value === "inner";
    const source = !call ? undefined : isInner || !call.Loop?.Line ? call.Caller : call.Loop;
    const name = source ? `${source.File}:${source.Line}` : "";
    if (name === this.place) return;
    this.place = name;
    this.where.replaceChildren(...(source ? ["in ", make("code", {}, short(source.Func)), ", ", link(source)] : []));
    const section = source ? await sourceOf(source) : null;
    if (this.place !== name) return;
    this.source.replaceChildren(
      section ?? make("p", { class: "none" }, source ? "The source of this line isn't on the site." : ""),
    );
    const line = this.source.querySelector("[aria-current]");
    if (line)
      this.source.scrollTop +=
        line.getBoundingClientRect().top - this.source.getBoundingClientRect().top - this.source.clientHeight / 3;
  }
}
