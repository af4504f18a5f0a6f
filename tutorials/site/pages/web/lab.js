// The laboratory: a server in this page, on the simulated kernel, one step at a time and back.

import { Address, hashOf } from "./address.js";
import { Clients } from "./clients.js";
import { Compare } from "./compare.js";
import { Controls } from "./controls.js";
import { say, unmark } from "./dom.js";
import { Kernel } from "./kernel.js";
import { Lanes } from "./lanes.js";
import { Crash } from "./machine.js";
import { Machines } from "./machines.js";
import { Net } from "./net.js";
import { Phases } from "./phases.js";
import { Program } from "./program.js";
import { built, gallery } from "./programs.js";
import { Scenario, lastAction } from "./scenario.js";
import { tell } from "./tell.js";
import { Trouble } from "./trouble.js";

const one = (selector) => document.querySelector(selector);
const settled = 400; // ms after the last step until the address has it
const beyond = 120e9; // ns after the scenario's last action that are read in advance

// Lab is the page. Its parts call use, mend, change, act, silent, move, jump, moved and complain.
class Lab {
  constructor() {
    this.machines = new Machines();
    this.scenario = new Scenario(one(".scenario"), this);
    this.controls = new Controls(one(".steps"), this);
    this.kernel = new Kernel(one("#kernel"));
    this.program = new Program(one("#program"));
    this.clients = new Clients(one("#clients"), this);
    this.trouble = new Trouble(one("#trouble"), this, this.clients);
    this.compare = new Compare(one("#compare"), this);
    this.lanes = new Lanes(one("#lanes"), (step) => this.jump(() => this.machine.goto(step)));
    this.phases = new Phases(one("#phases .diagram"));
    one("#phases").addEventListener("toggle", () => this.showPhases());
    addEventListener("hashchange", ({ newURL }) => this.report(this.follow(new URL(newURL).hash)));
  }

  // begin waits for the programs, and opens what the address names.
  async begin() {
    const state = one("#lab-state");
    say(state, "The programs are loading.");
    await built((why) => say(state, why));
    this.examples = await gallery();
    this.scenario.list(this.examples);
    await this.follow(location.hash);
  }

  // report says what goes wrong while a scenario is opened.
  report(opening) {
    opening.catch((error) => {
      console.error(error);
      this.complain(error.message);
    });
  }

  // follow opens what an address names. If that is wrong, it opens something else, and says so. The address of the
  // step before must not replace it meanwhile.
  async follow(hash) {
    clearTimeout(this.saving);
    if (!this.examples) return; // begin comes here again
    let [address, wrong] = [new Address(""), ""];
    try {
      address = new Address(hash);
    } catch {
      wrong = "The link's text can't be read. Perhaps a part of it is missing.";
    }
    const example = this.examples.find(({ name }) => name === address.name);
    if (address.name && !example) wrong = `There is no scenario ${address.name}.`;
    const scenario = address.text ?? example?.scenario ?? this.scenario.initial;
    const outcome = await this.open(this.choose(address, example), scenario, example, address.step);
    if (outcome === "late") return;
    if (!this.machine) await this.fall(address.text ?? "");
    if (wrong) this.complain(wrong);
  }

  // fall opens the first scenario if the text of a link is wrong. The reader finds the wrong text in the field.
  async fall(text) {
    const wrong = this.scenario.wrong.textContent;
    const outcome = await this.open("epollserv", this.scenario.initial);
    if (outcome === "late") return;
    if (outcome === "wrong") throw new Error(wrong);
    this.scenario.field.value = text;
    this.scenario.complain(wrong);
  }

  // choose returns the program for an address: the one that runs now, if the example is meant for it.
  choose({ server, step }, example) {
    if (server) return server;
    if (example?.program === "mistakes") return "mistakes";
    const meant = example?.servers?.length ? example.servers : ["epollserv", "pollserv", "forkserv"];
    return step === undefined && meant.includes(this.machine?.name) ? this.machine.name : meant[0];
  }

  // open starts a scenario with a program, and returns what has become of it: "open"; "wrong", and all stays as it is;
  // or "late", because the reader has chosen something else while the program was loaded.
  async open(program, scenario, example, step) {
    this.controls.play(false);
    const attempt = (this.attempt = {});
    try {
      const machine = await this.machines.load(program);
      if (attempt !== this.attempt) return "late";
      machine.start(scenario);
      this.machine = machine;
    } catch (error) {
      if (attempt !== this.attempt) return "late";
      if (error instanceof Crash) this.machines.drop(error.machine);
      this.controls.mark(this.machine?.name);
      this.scenario.complain(error.message);
      return "wrong";
    }
    this.controls.mark(program);
    this.play(scenario, example, step);
    return "open";
  }

  // play shows a scenario that the machine has started, at its first step or at another one.
  play(scenario, example, step) {
    this.example = example;
    this.isChanged = scenario !== (example?.scenario ?? this.scenario.initial);
    this.net = new Net();
    this.machine.survey(lastAction(scenario) + beyond, () => this.net.learn(this.machine.view));
    this.net.learn(this.machine.view);
    this.kernel.begin(this.net);
    this.lanes.begin(this.machine, this.net);
    if (step !== undefined) this.machine.goto(step);
    this.scenario.show(scenario, example);
    this.complaint = this.note = "";
    this.paint();
    this.#forgetChanges();
    one("#lab").inert = this.scenario.use.disabled = false;
    one("#lab-state").hidden = true;
  }

  // change continues with another server at the same time of the same scenario. A reader who hasn't moved since comes
  // back to the same step.
  change(program) {
    this.report(this.#change(program));
  }

  async #change(program) {
    const { name, step, time, waited } = this.machine;
    const scenario = this.isChanged ? this.machine.scenario : (this.example?.scenario ?? this.scenario.initial);
    const isThere = this.stay?.name === name && this.stay.step === step && this.stay.scenario === scenario;
    const stay = isThere ? this.stay : { scenario, time, steps: new Map() };
    stay.steps.set(name, waited > 0 ? undefined : step);
    if ((await this.open(program, scenario, this.example)) !== "open") return;
    const known = stay.steps.get(program);
    this.jump(() => (known === undefined ? this.machine.until(stay.time) : this.machine.goto(known)));
    this.stay = { ...stay, name: program, step: this.machine.step };
  }

  // mend plays the example with the program that doesn't make its mistake.
  mend() {
    const scenario = this.example.scenario.replace(/-mistake=\w+/, "-mistake=none");
    this.report(this.open("mistakes", scenario, this.example));
  }

  // use plays the text that the reader has written.
  use(text) {
    this.report(this.open(this.machine.name, text, text === this.example?.scenario ? this.example : undefined));
  }

  // act lets something happen as soon as every thread waits, and shows it if that is now. It reports whether the line
  // is right.
  act(line) {
    const { machine } = this;
    let done = true;
    this.controls.play(false);
    this.moved(() => {
      const wrong = machine.do(line);
      if (wrong) {
        done = false;
        return this.complain(`“${line}”: ${wrong}`);
      }
      this.isChanged = true;
      this.scenario.field.value = machine.scenario;
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
    this.controls.play(false);
    this.moved(() => this.machine[direction](by));
  }

  // jump makes a move of many steps. It marks no changes, because almost everything has changed.
  jump(move) {
    this.moved(move);
    this.#forgetChanges();
  }

  #forgetChanges() {
    unmark();
    this.kernel.tellChanges();
  }

  // moved makes a move, and shows where it has led.
  moved(move) {
    const start = performance.now();
    this.complaint = this.note = "";
    try {
      move();
      this.paint();
    } catch (error) {
      this.controls.play(false);
      this.complain(this.#reasonOf(error));
      console.error(error);
    }
    performance.measure("lab step", { start, end: performance.now() });
  }

  #reasonOf(error) {
    if (!(error instanceof Crash)) return `This page has a mistake: ${error.message}. Reload it.`;
    this.machines.drop(error.machine);
    return `${error.message}. Choose a scenario or a server to load it again.`;
  }

  complain(text) {
    this.complaint = text;
    say(this.controls.now, text);
  }

  paint() {
    unmark();
    const { machine, net } = this;
    net.learn(machine.view);
    this.kernel.paint(machine, net);
    this.kernel.tellChanges();
    this.clients.paint();
    this.program.paint(machine, net);
    this.compare.paint();
    this.lanes.later();
    this.showPhases();
    this.controls.paint(machine);
    if (!this.complaint) say(this.controls.now, `${tell(machine, net)}${this.note}`);
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
    const { link } = this.scenario;
    link.href = hashOf(this.machine, this.isChanged ? undefined : (this.example?.name ?? ""));
    history.replaceState(null, "", link.href);
  }
}

const lab = new Lab();
lab.begin().catch((error) => {
  console.error(error);
  say(one("#lab-state"), error.message);
});
