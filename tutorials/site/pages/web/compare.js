// The three servers side by side: the same scenario, in step by virtual time, and what each server has cost.

import { keyed, make, say } from "./dom.js";
import { Crash, isOfProgram } from "./machine.js";
import { tablesOf } from "./net.js";
import { written } from "./program.js";
import { sends } from "./timeline.js";

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
    Processes?.filter(({ Program }) => Program)
      .flatMap(tablesOf)
      .reduce((n, { Descriptors }) => n + Descriptors.length, 0) ?? 0,
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

const isSend = (event) => sends({ call: event.Call }) && event.Result > 0 && !isOfProgram(event);

// state says what a server does now.
function state({ Over, Turn, Processes }) {
  if (Over) return "has ended";
  const threads = Processes?.filter(({ Program }) => Program).flatMap(({ Threads }) => Threads ?? []) ?? [];
  const waits = new Set(threads.filter(({ Waits, Call }) => Waits && Call).map(({ Call }) => Call));
  return [Turn ? "runs" : "", waits.size > 0 ? `waits in ${[...waits].join(", ")}` : ""].filter(Boolean).join("; ");
}

// refuses tells whether a server has ended because the scenario has a flag of another server.
const refuses = ({ Over, Err }) => Over && /flag provided but not defined/.test(Err ?? "");

const call = ({ Counters }, name) => Counters?.Calls[name] ?? 0;

// rowsOf are the rows of the table for three machines. One that has crashed is missing.
function rowsOf(machines) {
  const row = (name, value, isCall = false) => ({
    name,
    isCall,
    values: machines.map((machine) => (machine ? value(machine) : "–")),
  });
  const calls = new Set(machines.flatMap((machine) => Object.keys(machine?.view.Counters?.Calls ?? {})));
  const figures = Object.entries(rows).map(([name, figure]) =>
    row(name, ({ view }) => figure(view).toLocaleString("en")),
  );
  figures.splice(1, 0, row("system calls for each send of a client", callsForSend));
  return [
    row("now", ({ view }) => state(view)),
    row(`last ${recent} calls`, lastCalls),
    ...figures,
    ...[...calls].sort().map((name) => row(name, ({ view }) => call(view, name).toLocaleString("en"), true)),
  ];
}

function fill(element, { name, isCall, values }) {
  element.className = isCall ? "call" : "";
  const lines = (value) => (Array.isArray(value) ? value.map((line) => make("code", {}, line)) : [value]);
  element.replaceChildren(
    make("th", { scope: "row" }, name),
    ...values.map((value) => make("td", {}, ...lines(value))),
  );
}

// Compare is the section. It loads the other servers only when it is opened.
export class Compare {
  constructor(section, lab) {
    [this.section, this.lab] = [section, lab];
    this.said = section.querySelector(".said");
    this.body = section.querySelector("tbody");
    this.crashed = new Map(); // why, by the program's name: such a program is loaded again for another run
    section.addEventListener("toggle", () => this.paint());
  }

  get isOpen() {
    return this.section.open && servers.includes(this.lab.machine?.name);
  }

  get #stepped() {
    return this.lab.machine.name;
  }

  // others are the names of the servers that follow the one that the reader steps.
  get #others() {
    return servers.filter((name) => name !== this.#stepped && !this.crashed.has(name));
  }

  get #missing() {
    return this.#others.filter((name) => !this.lab.machines.get(name));
  }

  // load loads the servers that are missing, and paints.
  async #load() {
    if (this.isLoading) return;
    this.isLoading = true;
    try {
      for (const name of this.#missing) {
        say(this.said, `Loading ${name}.`);
        await this.lab.machines.load(name);
      }
      this.run = undefined;
      this.paint();
    } catch (error) {
      say(this.said, error.message);
    } finally {
      this.isLoading = false;
    }
  }

  // begin tells whether this is another run than the last time.
  #begin() {
    const run = `${this.#stepped} ${this.lab.machine.scenario}`;
    const isNew = this.run !== run;
    if (isNew) this.crashed.clear();
    this.run = run;
    return isNew;
  }

  // follow brings the others to everything that happens up to the reader's time. A program that crashes here must not
  // stop the one that the reader steps.
  #follow(isNew) {
    const { scenario, time } = this.lab.machine;
    for (const name of this.#others) {
      const machine = this.lab.machines.get(name);
      try {
        if (isNew) machine.start(scenario);
        if (isNew || this.time !== time) machine.until(time);
      } catch (error) {
        if (!(error instanceof Crash)) throw error;
        console.error(error);
        this.lab.machines.drop(machine);
        this.crashed.set(name, error.message);
      }
    }
    this.time = time;
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
    this.#follow(this.#begin());
    const { machine, machines } = this.lab;
    const running = servers.map((name) => (name === this.#stepped ? machine : machines.get(name)));
    say(this.said, this.#told());
    keyed(
      this.body,
      rowsOf(running),
      ({ name }) => name,
      () => make("tr"),
      fill,
    );
  }

  #told() {
    const about =
      `You step ${this.#stepped}; the others follow. ` +
      "Compare how many system calls a server makes for each send of a client.";
    if (this.crashed.size > 0)
      return `${[...this.crashed.values()].join(". ")}. Choose a scenario or a server to load it again. ${about}`;
    const refused = this.#others.filter((name) => refuses(this.lab.machines.get(name).view));
    if (refused.length > 0)
      return `${refused.join(" and ")} can't play this scenario, which has a flag of another server.`;
    return `All three servers are at the same time. ${about}`;
  }
}
