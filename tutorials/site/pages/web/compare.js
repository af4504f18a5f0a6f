// The three servers side by side: the same scenario, in step by virtual time, and what each server has cost.

import { keyed, make, say } from "./dom.js";
import { isOfProgram } from "./machine.js";
import { written } from "./program.js";

const servers = ["forkserv", "pollserv", "epollserv"];
const total = (calls) => Object.values(calls ?? {}).reduce((sum, n) => sum + n, 0);

// rows are the figures, by their names.
const rows = {
  "system calls": ({ Counters }) => total(Counters?.Calls),
  "wake-ups": ({ Counters }) => Counters?.WakeUps ?? 0,
  "bytes in": ({ Counters }) => Counters?.BytesIn ?? 0,
  "bytes out": ({ Counters }) => Counters?.BytesOut ?? 0,
  processes: ({ Processes }) => Processes?.filter(({ Program, Zombie }) => Program && !Zombie).length ?? 0,
  descriptors: ({ Processes }) =>
    Processes?.filter(({ Program }) => Program).reduce((n, p) => n + (p.Descriptors?.length ?? 0), 0) ?? 0,
};

const recent = 6; // calls that are shown
const brief = 40; // characters of their arguments

// lastCalls are the last system calls of a server, the latest at the end.
function lastCalls(machine) {
  const calls = [];
  for (let i = machine.count() - 1; i >= 0 && calls.length < recent; i--) {
    if (isOfProgram(machine.events[i])) calls.unshift(written(machine.events[i], brief));
  }
  return calls;
}

// callsForSend is how many system calls a server has made since the scenario's first action, for each call with which
// a client has sent something.
function callsForSend(machine) {
  const events = machine.events.slice(0, machine.count());
  const first = events.findIndex(({ Call }) => Call === "");
  const sends = events.filter((event) => isSend(event)).length;
  if (sends === 0) return "–";
  return (events.slice(first).filter(isOfProgram).length / sends).toFixed(1);
}

const isSend = (event) => /^(write|sendto|sendmsg)$/.test(event.Call) && event.Result > 0 && !isOfProgram(event);

// state says what a server does now.
function state({ Over, Turn, Processes }) {
  if (Over) return "has ended";
  const threads = Processes?.filter(({ Program }) => Program).flatMap(({ Threads }) => Threads ?? []) ?? [];
  const waits = new Set(threads.filter(({ Waits, Call }) => Waits && Call).map(({ Call }) => Call));
  return [Turn ? "runs" : "", waits.size > 0 ? `waits in ${[...waits].join(", ")}` : ""].filter(Boolean).join("; ");
}

// Compare is the section. It loads the other servers only when it is opened.
export class Compare {
  constructor(section, lab) {
    [this.section, this.lab] = [section, lab];
    this.said = section.querySelector(".said");
    this.body = section.querySelector("tbody");
    section.addEventListener("toggle", () => this.paint());
  }

  get isOpen() {
    return this.section.open && servers.includes(this.lab.machine?.name);
  }

  // load loads the servers that are missing, and paints.
  async #load() {
    if (this.isLoading) return;
    this.isLoading = true;
    try {
      for (const name of this.#missing) {
        say(this.said, `Loading ${name}.`);
        await this.lab.load(name);
      }
      this.run = undefined;
      this.paint();
    } catch (error) {
      say(this.said, error.message);
    } finally {
      this.isLoading = false;
    }
  }

  get #missing() {
    return servers.filter((name) => name !== this.lab.machine.name && !this.lab.machines.has(name));
  }

  // others are the machines that follow the one that the reader steps.
  get #others() {
    return servers.filter((name) => name !== this.lab.machine.name).map((name) => this.lab.machines.get(name));
  }

  // follow brings the others to everything that happens up to the reader's time.
  #follow() {
    const { name, scenario, time } = this.lab.machine;
    const run = `${name} ${scenario}`;
    for (const machine of this.#others) {
      if (this.run !== run) machine.start(scenario);
      if (this.run !== run || this.time !== time) machine.until(time);
    }
    [this.run, this.time] = [run, time];
  }

  paint() {
    if (this.section.open && !this.isOpen)
      say(this.said, "This scenario is for a program that is none of the three servers.");
    this.body.hidden = !this.isOpen;
    if (!this.isOpen) return;
    if (this.#missing.length > 0) {
      this.#load();
      return;
    }
    this.#follow();
    const views = servers.map((name) =>
      name === this.lab.machine.name ? this.lab.machine : this.lab.machines.get(name),
    );
    say(
      this.said,
      `All three servers are at the same time. You step ${this.lab.machine.name}; the others follow. ` +
        "Compare how many system calls a server makes for each send of a client.",
    );
    const figures = Object.entries(rows).map(([name, figure]) => ({
      name,
      values: views.map(({ view }) => figure(view).toLocaleString("en")),
    }));
    figures.splice(1, 0, {
      name: "system calls for each send of a client",
      values: views.map((machine) => callsForSend(machine)),
    });
    const calls = new Set(views.flatMap(({ view }) => Object.keys(view.Counters?.Calls ?? {})));
    const each = [...calls].sort().map((name) => ({
      name,
      values: views.map(({ view }) => (view.Counters.Calls[name] ?? 0).toLocaleString("en")),
    }));
    const now = { name: "now", values: views.map(({ view }) => state(view)) };
    const last = { name: `last ${recent} calls`, values: views.map((machine) => lastCalls(machine)) };
    keyed(
      this.body,
      [now, last, ...figures, ...each],
      ({ name }) => name,
      () => make("tr"),
      (row, { name, values }) => {
        row.className = calls.has(name) ? "call" : "";
        const lines = (value) => (Array.isArray(value) ? value.map((line) => make("code", {}, line)) : [value]);
        row.replaceChildren(
          make("th", { scope: "row" }, name),
          ...values.map((value) => make("td", {}, ...lines(value))),
        );
      },
    );
  }
}
