// A server that runs in this page, on the simulated kernel. A run depends on nothing but its scenario, so the way back
// is the same run with fewer steps.

import { start } from "./programs.js";

const most = 20_000; // steps that one button makes before it gives up
const known = 4000; // steps of a scenario that are read in advance

// The files that a server with the flag -root=/files can send.
const files = {
  "/files/small": "a small file\n",
  "/files/large": `${"a large file, line for line ".repeat(4).trim()}\n`.repeat(2500),
};

// waiting are the calls in which a loop waits for all of its descriptors.
const waiting = new Set(["epoll_wait", "epoll_pwait", "epoll_pwait2", "poll", "ppoll"]);

// isOfProgram tells a server's call from a client's. A child of the server's before execve has no Caller.
export const isOfProgram = (event) => Boolean(event.Call && event.Program);

// Crash is the error of a machine whose program has ended itself. It can't go on.
export class Crash extends Error {
  constructor(machine, cause) {
    super(`${machine.name} has crashed: ${cause.message}`, { cause });
    this.machine = machine;
  }
}

// Machine is a server with a scenario, at one of its steps.
export class Machine {
  static async load(name) {
    return new Machine(name, await start(name, "threeloops"));
  }

  constructor(name, api) {
    [this.name, this.api] = [name, api];
  }

  // ask calls the program. If the program crashes in the call, there is no answer; after that, each call throws.
  #ask(call, ...args) {
    let answer;
    try {
      answer = this.api[call](...args);
    } catch (error) {
      throw new Crash(this, error);
    }
    if (answer === undefined) throw new Crash(this, new Error("the browser's console says why"));
    return answer;
  }

  // start begins a scenario. What is wrong with it is an Error of one line, with line and column.
  start(scenario) {
    const options = { Args: [this.name], Env: [], Scenario: scenario, Trace: true, Single: true };
    if (scenario.includes("/files")) options.Files = files;
    const wrong = this.#ask("start", JSON.stringify(options));
    if (wrong) throw new Error(wrong);
    this.events = []; // all that are known, also of later steps
    this.furthest = 0; // the step up to which they are known
    this.last = 0; // sequence number of the last of them
    this.quiet = new Map(); // what the steps without an event have changed
    this.#reach(0);
  }

  // view is the state of everything at this step.
  get view() {
    if (this.stale) {
      this.stale = false; // after a crash, too: then it stays the state before
      this.state = JSON.parse(this.#ask("view"));
    }
    return this.state;
  }

  // time is that of the last event, or later, if the reader has waited in vain since.
  get time() {
    return Math.max(this.view.Time, this.waited);
  }

  // scenario is the text that gives this run, with what the reader did.
  get scenario() {
    return this.#ask("scenario");
  }

  // at has become the step: what happened since the furthest one is read.
  #reach(step) {
    [this.step, this.stale, this.waited] = [step, true, 0];
    if (step > this.furthest) {
      this.furthest = step;
      this.#read();
    }
    return step;
  }

  #read() {
    const fresh = JSON.parse(this.#ask("events", this.last)).map((event) => ({ ...event, Call: event.Call ?? "" }));
    this.last = fresh.at(-1)?.Seq ?? this.last;
    const rank = ({ Call }) => (Call === "" ? 0 : 1); // an action comes before the calls of its clients
    this.events.push(...fresh.sort((a, b) => a.Step - b.Step || rank(a) - rank(b) || a.Seq - b.Seq));
  }

  // count is how many of the known events have happened up to a step.
  count(step = this.step) {
    let [low, high] = [0, this.events.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.events[middle].Step <= step) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  // lastCall is the last system call of a server's process up to this step.
  get lastCall() {
    for (let i = this.count() - 1; i >= 0; i--) {
      if (isOfProgram(this.events[i])) return this.events[i];
    }
    return undefined;
  }

  // now are the events of this step.
  get now() {
    const end = this.count();
    let begin = end;
    while (begin > 0 && this.events[begin - 1].Step === this.step) begin--;
    return this.events.slice(begin, end);
  }

  // change compares this step with the one before, for which the run is played again.
  change(compare) {
    if (!this.quiet.has(this.step)) {
      const { step, view, waited } = this;
      this.#ask("goto", step - 1);
      const before = JSON.parse(this.#ask("view"));
      this.#ask("goto", step);
      if (waited > 0) this.#ask("until", waited, most);
      this.quiet.set(step, compare(before, view));
    }
    return this.quiet.get(this.step);
  }

  goto(step) {
    return this.#reach(this.#ask("goto", Math.max(0, step)));
  }

  // until goes to the last step up to a time, which may be in the past.
  until(ns) {
    if (ns < this.time) this.goto(0);
    this.#reach(this.#ask("until", ns, most));
    if (!this.view.Over && this.view.Turn === 0 && ns > this.view.Time) this.waited = ns;
    return this.step;
  }

  // survey reads what will happen up to a time, calls look there, and stands then before the scenario's first action.
  survey(ns, look) {
    this.#reach(this.#ask("until", ns, known));
    look();
    const action = this.events.find(({ Call }) => Call === "");
    if (action) this.goto(action.Step - 1);
    else this.until(0); // then it stands after the server's start
  }

  // do lets something happen now, and returns what is wrong with it, if anything. What was known of later steps no
  // longer holds.
  do(line) {
    const wrong = this.#ask("do", line);
    if (wrong) return wrong;
    this.events.length = this.count();
    this.last = this.events.reduce((last, event) => Math.max(last, event.Seq), 0);
    this.furthest = this.step;
    this.quiet.clear();
    this.stale = true;
    this.#read();
    return "";
  }

  // ends returns what tells whether an event ends a move: an iteration ends when the thread that made the last call that
  // waits returns from such a call again.
  #ends(move) {
    if (move === "action") return (event) => event.Call === "";
    const isWait = (event) => waiting.has(event.Call) && isOfProgram(event);
    const now = this.events.slice(0, this.count()).findLast(isWait);
    return (event) => isWait(event) && (!now || (event.Tid === now.Tid && event.Pid === now.Pid));
  }

  // forward goes on by a move: a step, an iteration, or up to the next action of the scenario.
  forward(move) {
    if (move === "step") return this.goto(this.step + 1);
    const ends = this.#ends(move);
    const known = this.events.slice(this.count()).find(ends);
    if (known) return this.goto(known.Step);
    this.goto(this.furthest);
    for (let made = 0; made < most; made++) {
      const [before, known] = [this.step, this.events.length];
      if (this.goto(before + 1) === before || this.events.slice(known).some(ends)) break;
    }
    return this.step;
  }

  // back goes to the end of the move before.
  back(move) {
    if (move === "step") return this.goto(this.step - 1);
    return this.goto(this.events.slice(0, this.count(this.step - 1)).findLast(this.#ends(move))?.Step ?? 0);
  }

  // bytes are all bytes of a socket's buffer, "received" or "unsent".
  bytes(socket, which) {
    return this.#ask("bytes", socket, which);
  }
}
