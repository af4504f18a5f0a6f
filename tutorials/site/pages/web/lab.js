// The laboratory: a server in this page, on the simulated kernel, one step at a time and back. The address has the
// scenario, so that a link carries it: #name of an example, or #s= with the text; and &server= and &step=.

import { Clients } from "./clients.js";
import { Compare } from "./compare.js";
import { base64url, duration, fromBase64url, make, say, set, unmark } from "./dom.js";
import { Kernel } from "./kernel.js";
import { Lanes } from "./lanes.js";
import { Machine } from "./machine.js";
import { Net } from "./net.js";
import { Phases } from "./phases.js";
import { Program } from "./program.js";
import { built, gallery } from "./programs.js";
import { position, tell } from "./tell.js";
import { Trouble } from "./trouble.js";

const one = (selector) => document.querySelector(selector);
const colours = { forkserv: "fork", pollserv: "poll", epollserv: "epoll" };
const programs = new Set([...Object.keys(colours), "mistakes"]);
const farthest = 100_000; // the last step to which a link leads
const settled = 400; // ms after the last step until the address has it
const beyond = 120e9; // ns after the scenario's last action that are read in advance

const sizes = { h: 3600e9, m: 60e9, s: 1e9, ms: 1e6, us: 1e3, µs: 1e3, ns: 1 };

// lastAction is the time of a scenario's last action, in ns.
function lastAction(scenario) {
  let last = 0;
  for (const [, time] of scenario.matchAll(/^\s*at\s+(\S+)/gm)) {
    let ns = 0;
    for (const [, n, unit] of time.matchAll(/([\d.]+)(h|ms|m|s|us|µs|ns)/g)) ns += n * sizes[unit];
    last = Math.max(last, ns);
  }
  return last;
}

// Address is what the part of the address after # says.
class Address {
  constructor(hash) {
    const [first, ...others] = hash.replace(/^#/, "").split("&");
    const rest = new URLSearchParams(others.join("&"));
    const [server, step] = [rest.get("server"), Number(rest.get("step"))];
    this.server = programs.has(server) ? server : ""; // a link must not make the page run a program from elsewhere
    this.step = rest.has("step") && step >= 0 && step <= farthest ? Math.floor(step) : undefined;
    if (first.startsWith("s=")) this.text = fromBase64url(first.slice(2));
    else this.name = first;
  }
}

class Lab {
  constructor() {
    this.machines = new Map(); // loaded programs
    this.kernel = new Kernel(one("#kernel"));
    this.program = new Program(one("#program"));
    this.clients = new Clients(one("#clients"), this);
    this.compare = new Compare(one("#compare"), this);
    this.lanes = new Lanes(one("#lanes"), (step) => this.jump(() => this.machine.goto(step)));
    this.phases = new Phases(one("#phases .diagram"));
    one("#phases").addEventListener("toggle", () => this.showPhases());
    this.trouble = new Trouble(one("#trouble"), this, this.clients);
    this.initial = one("#scenario").value;
    this.listen();
  }

  listen() {
    addEventListener("keydown", (event) => this.key(event));
    addEventListener("hashchange", () => this.report(this.follow()));
    one(".moves").addEventListener("click", ({ target }) => {
      const { forward, back } = target.closest("button")?.dataset ?? {};
      if (forward || back) this.move(forward ? "forward" : "back", forward ?? back);
    });
    one("#play").addEventListener("click", () => this.play(!this.timer));
    one("#slider").addEventListener("input", ({ target }) => this.jump(() => this.machine.goto(Number(target.value))));
    one("#until").addEventListener("submit", (event) => {
      event.preventDefault();
      const ms = Number(one("#until-time").value);
      if (ms >= 0) this.jump(() => this.machine.until(ms * 1e6));
      else this.complain("The time is a number of milliseconds, such as 1500.");
    });
    one("#which").addEventListener("change", ({ target }) => this.report(this.change(target.value)));
    addEventListener("pointerdown", () => (this.isPointed = true), { capture: true });
    addEventListener("keydown", () => (this.isPointed = false), { capture: true });
    one("#lab").addEventListener("change", ({ target }) => {
      if (target.type === "radio" && this.isPointed) target.blur(); // so that arrow keys go on to make steps
    });
    one("#use").addEventListener("click", () => this.report(this.use()));
    one("#mended").addEventListener("click", () => this.report(this.mend()));
    addEventListener("pagehide", () => this.play(false));
  }

  // report says what goes wrong while a scenario is opened.
  report(opening) {
    opening.catch((error) => {
      console.error(error);
      this.complain(error.message);
    });
  }

  // begin waits for the programs, and opens what the address names.
  async begin() {
    const state = one("#lab-state");
    say(state, "The programs are loading.");
    await built((why) => say(state, why));
    this.examples = await gallery();
    one("#gallery").hidden = this.examples.length === 0;
    say(one("#gallery summary"), `${this.examples.length} scenarios, each with a question and an answer`);
    one(".examples").replaceChildren(
      ...this.examples.map(({ name, title, question }) =>
        make("li", {}, make("a", { href: `#${name}` }, title), " ", make("span", {}, question)),
      ),
    );
    await this.follow();
    one("#lab").inert = false;
    one("#use").disabled = false;
    state.hidden = true;
  }

  // follow opens what the address names. If that is wrong, it opens something else, and says so.
  async follow() {
    if (!this.examples) return; // begin comes here again
    let [address, wrong] = [new Address(""), ""];
    try {
      address = new Address(location.hash);
    } catch {
      wrong = "The link's text can't be read. Perhaps a part of it is missing.";
    }
    const example = this.examples.find(({ name }) => name === address.name);
    if (address.name && !example) wrong = `There is no scenario ${address.name}.`;
    const program = this.choose(address, example);
    await this.open(program, address.text ?? example?.scenario ?? this.initial, example, address.step);
    if (!this.machine) await this.fall(address.text ?? "");
    if (wrong) this.complain(wrong);
  }

  // fall opens the first scenario if the text of a link is wrong. The reader finds the wrong text in the field.
  async fall(text) {
    const wrong = one("#scenario-error").textContent;
    if (!(await this.open("epollserv", this.initial))) throw new Error(wrong);
    one("#scenario").value = text;
    this.complain(wrong, one("#scenario-error"));
  }

  // choose returns the program for an address: the one that runs now, if the example is meant for it.
  choose({ server, step }, example) {
    if (server) return server;
    if (example?.program === "mistakes") return "mistakes";
    const meant = example?.servers?.length ? example.servers : ["epollserv", "pollserv", "forkserv"];
    return step === undefined && meant.includes(this.machine?.name) ? this.machine.name : meant[0];
  }

  // open starts a scenario with a program. If that isn't possible, all stays as it is, and open returns false.
  async open(program, scenario, example, step) {
    this.play(false);
    const attempt = (this.attempt = {});
    try {
      const machine = await this.load(program);
      if (attempt !== this.attempt) return false; // the reader has chosen something else meanwhile
      machine.start(scenario);
      this.machine = machine;
    } catch (error) {
      this.complain(error.message, one("#scenario-error"));
      return false;
    } finally {
      this.mark();
    }
    this.example = example;
    this.isChanged = scenario !== (example?.scenario ?? this.initial);
    this.net = new Net();
    this.machine.survey(lastAction(scenario) + beyond, () => this.net.learn(this.machine.view));
    this.lanes.begin(this.machine, this.net);
    if (step !== undefined) this.machine.goto(step);
    this.describe(scenario);
    this.complaint = "";
    this.paint();
    unmark();
    return true;
  }

  async load(program) {
    if (!this.machines.has(program)) this.machines.set(program, await Machine.load(program));
    return this.machines.get(program);
  }

  // mark shows which program runs.
  mark() {
    const name = this.machine?.name ?? "";
    one("main").className = colours[name] ?? "";
    for (const input of document.querySelectorAll('[name="server"]')) {
      input.checked = input.value === name;
      input.disabled = name === "mistakes";
    }
  }

  // describe shows the example's question, and hides its answer.
  describe(scenario) {
    const { name, title, question, answer, focus } = this.example ?? {};
    say(one("#scenario-title"), title ?? "A scenario of your own");
    say(
      one("#question"),
      question ?? "Change the text, or press the buttons of the clients, and see what the server does.",
    );
    say(one("#focus"), focus ? `Look at ${focus}.` : "");
    one("#answer").hidden = !answer;
    one("#mended").hidden = this.example?.program !== "mistakes";
    one("#answer").open = false;
    say(one("#answer p"), answer ?? "");
    one("#gallery").open = false;
    for (const link of document.querySelectorAll(".examples a")) {
      set(link, "aria-current", link.hash === `#${name}` ? "true" : null);
    }
    one("#scenario").value = scenario;
    say(one("#scenario-error"), "");
  }

  // change continues with another server at the same time of the same scenario. A reader who hasn't moved since comes
  // back to the same step.
  async change(program) {
    const { name, step, time, waited } = this.machine;
    const scenario = this.isChanged ? this.machine.scenario : (this.example?.scenario ?? this.initial);
    const isThere = this.stay?.name === name && this.stay.step === step && this.stay.scenario === scenario;
    const stay = isThere ? this.stay : { scenario, time, steps: new Map() };
    stay.steps.set(name, waited > 0 ? undefined : step);
    if (!(await this.open(program, scenario, this.example))) return;
    const known = stay.steps.get(program);
    this.jump(() => (known === undefined ? this.machine.until(stay.time) : this.machine.goto(known)));
    this.stay = { ...stay, name: program, step: this.machine.step };
  }

  // mend plays the example with the program that doesn't make its mistake.
  mend() {
    return this.open("mistakes", this.example.scenario.replace(/-mistake=\w+/, "-mistake=none"), this.example);
  }

  // use plays the text that the reader has written.
  use() {
    const text = one("#scenario").value;
    return this.open(this.machine.name, text, text === this.example?.scenario ? this.example : undefined);
  }

  // act lets something happen as soon as every thread waits, and shows it if that is now. It reports whether the line
  // is right.
  act(line) {
    const { machine } = this;
    let done = true;
    this.play(false);
    this.moved(() => {
      try {
        machine.do(line);
      } catch (error) {
        done = false;
        return this.complain(`“${line}”: ${error.message}`);
      }
      this.isChanged = true;
      one("#scenario").value = machine.scenario;
      if (this.net.turn === 0 && !machine.view.InTurn) return machine.forward("action");
      this.note = ` “${line}” happens as soon as every thread waits. Step forward until then.`;
      return machine.step;
    });
    return done;
  }

  silent(ns) {
    this.moved(() => this.machine.until(this.machine.time + ns));
  }

  move(direction, by) {
    this.play(false);
    this.moved(() => this.machine[direction](by));
  }

  // jump makes a move of many steps. It marks no changes, because almost everything has changed.
  jump(move) {
    this.moved(move);
    unmark();
  }

  // moved makes a move, and shows where it has led.
  moved(move) {
    const start = performance.now();
    this.complaint = this.note = "";
    try {
      move();
      this.paint();
    } catch (error) {
      this.machines.delete(this.machine.name); // a program that has crashed can't go on
      this.play(false);
      this.complain(
        `${this.machine.name} has crashed: ${error.message}. Choose a scenario or a server to load it again.`,
      );
      console.error(error);
    }
    performance.measure("lab step", { start, end: performance.now() });
  }

  complain(text, place) {
    this.complaint = text;
    say(place ?? one("#now"), text);
    if (place) {
      one("#text").open = true;
      one("#lab").inert = !this.machine;
    }
  }

  paint() {
    unmark();
    const { machine, net } = this;
    net.learn(machine.view);
    this.kernel.paint(machine, net);
    this.clients.paint();
    this.program.paint(machine, net);
    this.compare.paint();
    this.lanes.later();
    this.showPhases();
    set(one("#slider"), "max", machine.furthest);
    one("#slider").value = machine.step;
    set(one("#slider"), "aria-valuetext", `${position(machine)}, ${duration(machine.time)}`);
    if (document.activeElement !== one("#until-time")) one("#until-time").value = String(machine.time / 1e6);
    if (!this.complaint) say(one("#now"), `${tell(machine, net)}${this.note ?? ""}`);
    clearTimeout(this.saving);
    this.saving = setTimeout(() => this.save(), settled);
  }

  // showPhases lights the phases. After a step back no change has happened.
  showPhases() {
    const { machine, net } = this;
    if (!machine || !one("#phases").open) return;
    const isOn = machine.step === this.lit + 1;
    this.lit = machine.step;
    this.phases.show(
      (machine.view.Phases ?? []).map((phase) => ({ ...phase, Name: net.nameOfFile(phase.File) })),
      isOn,
    );
  }

  // save writes the address. It makes no entry in the history: to go back in time the page has buttons.
  save() {
    const { machine, example } = this;
    const first = this.isChanged ? `s=${base64url(machine.scenario)}` : (example?.name ?? "");
    one("#link").href = `#${first}&server=${machine.name}&step=${machine.step}`;
    history.replaceState(null, "", one("#link").href);
  }

  // play begins to step by itself, or stops that.
  play(on) {
    clearTimeout(this.timer);
    this.timer = undefined;
    say(one("#play"), on ? "Pause" : "Play");
    set(one("#now"), "aria-live", on ? "off" : "polite");
    if (on) this.timer = setTimeout(() => this.tick(), 0);
  }

  tick() {
    const before = this.machine.step;
    this.moved(() => this.machine.forward("step"));
    if (this.machine.step === before) return this.play(false);
    this.timer = setTimeout(() => this.tick(), 1000 / Number(one("#speed").value));
    return undefined;
  }

  // key makes a move. A key in a field, a choice or a part that scrolls does what it always does there.
  key(event) {
    const { key, shiftKey, ctrlKey, altKey, metaKey, target } = event;
    if (key === "Escape") this.play(false);
    const isOthers = target.closest("input:not([type='checkbox']), select, textarea, [tabindex='0']");
    if (ctrlKey || altKey || metaKey || isOthers || one("#lab").inert) return;
    const move = {
      ArrowRight: ["forward", shiftKey ? "iteration" : "step"],
      ArrowLeft: ["back", shiftKey ? "iteration" : "step"],
      ArrowDown: shiftKey && ["forward", "action"],
      ArrowUp: shiftKey && ["back", "action"],
    }[key];
    if (!move) return;
    event.preventDefault();
    this.move(...move);
  }
}

const lab = new Lab();
lab.begin().catch((error) => {
  console.error(error);
  say(one("#lab-state"), error.message);
});
