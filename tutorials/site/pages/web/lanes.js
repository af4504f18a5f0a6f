// The space-time diagram of the laboratory: what spacetime.js needs to know of a run, and the way from an event in the
// diagram to its step.

import { isOfProgram } from "./machine.js";
import { linkOf } from "./source.js";
import { Spacetime } from "./spacetime.js";

const kernel = { id: "kernel", name: "kernel", kind: "kernel" };

const sourceOf = ({ Caller, Loop }) => {
  const source = Loop?.Line ? Loop : Caller;
  return source?.Line ? { func: source.Func, file: source.File, line: source.Line } : null;
};

// Lanes is the section with the diagram. choose(step) is called when the reader chooses an event.
export class Lanes {
  constructor(section, choose) {
    [this.section, this.host] = [section, section.querySelector(".diagram")];
    this.choose = choose;
    section.addEventListener("toggle", () => this.paint());
  }

  // begin forgets the run before.
  begin(machine, net) {
    Object.assign(this, { machine, net, lanes: new Map(), events: [], taken: 0, first: undefined });
  }

  // later paints when the browser has shown the step.
  later() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.paint(), 0);
  }

  paint() {
    if (!this.section.open || !this.machine) return;
    this.diagram ??= new Spacetime(this.host, {
      title: "Space-time diagram",
      select: ({ step }) => {
        if (step !== this.machine.step) this.choose(step);
      },
      link: linkOf,
    });
    const { machine } = this;
    if (this.#take()) {
      this.diagram.show({
        lanes: [...this.lanes.values()],
        events: this.events,
        pairs: this.net.pairs,
        waits: this.#waits(),
      });
    }
    const now = this.events[machine.count() - 1];
    if (now) this.diagram.select(now.seq);
  }

  // take adds the events that are new. It reports whether there are any, or some are gone.
  #take() {
    const { events } = this.machine;
    let same = this.taken;
    while (same > 0 && this.from[same - 1] !== events[same - 1]) same--;
    if (same === this.taken && same === events.length && this.events.length > 0) return false;
    this.events.length = same;
    for (let i = same; i < events.length; i++) this.events.push(this.#written(events[i], i));
    this.from = events.slice();
    this.taken = events.length;
    return true;
  }

  #lane(id, name, kind) {
    if (!this.lanes.has(id)) this.lanes.set(id, { id, name, kind });
    return id;
  }

  #written(event, i) {
    const base = { seq: i + 1, step: event.Step, time: event.Time };
    if (event.Call === "") return { ...base, lane: this.#laneOfAction(event.Action), call: "", action: event.Action };
    const { Pid, Tid, Call, Args, Result, Errno, Slept, File, NewFile } = event;
    const ofProgram = isOfProgram(event);
    const name = this.net.clientOf(Pid);
    const lane =
      ofProgram || !name
        ? this.#lane(`p${Pid}`, `${this.machine.name} ${Pid}`, "process")
        : this.#lane(name, name, "client");
    return {
      ...base,
      lane,
      thread: Tid,
      call: Call,
      args: Args,
      result: Result,
      errno: Errno,
      slept: Slept,
      source: sourceOf(event),
      file: File,
      newFile: NewFile,
    };
  }

  // An action of several clients stands in the kernel's lane, as one of the machine does.
  #laneOfAction(action) {
    const [, name] = /^([A-Z]+\d*) [a-z]/.exec(action) ?? [];
    if (name && !name.startsWith("SIG")) return this.#lane(name, name, "client");
    this.lanes.set("kernel", kernel);
    return "kernel";
  }

  // waits are the calls in which threads of the server wait, if the run is known up to now only.
  #waits() {
    if (this.machine.step < this.machine.furthest) return [];
    return this.net.programs.flatMap(({ Pid, Threads }) =>
      (Threads ?? [])
        .filter(({ Waits }) => Waits)
        .map(({ Tid, Call, Args }) => ({ lane: `p${Pid}`, thread: Tid, call: Call, args: Args })),
    );
  }
}
