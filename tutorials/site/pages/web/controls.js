// The controls of the laboratory that stay in view: the server, the moves and their keys, the slider, the time, and the
// line that says what a step has done.

import { duration, say, set } from "./dom.js";
import { position } from "./tell.js";

const colours = { forkserv: "fork", pollserv: "poll", epollserv: "epoll" };

// moveOf is the move of a key, as lab.move takes it, or nothing.
const moveOf = ({ key, shiftKey }) =>
  ({
    ArrowRight: ["forward", shiftKey ? "iteration" : "step"],
    ArrowLeft: ["back", shiftKey ? "iteration" : "step"],
    ArrowDown: shiftKey && ["forward", "action"],
    ArrowUp: shiftKey && ["back", "action"],
  })[key];

// Controls is the section. lab.move makes a move, lab.jump one of many steps, and lab.change another server.
export class Controls {
  constructor(section, lab) {
    [this.section, this.lab] = [section, lab];
    const one = (selector) => section.querySelector(selector);
    [this.player, this.speed, this.slider] = [one("#play"), one("#speed"), one("#slider")];
    [this.time, this.now] = [one("#until-time"), one("#now")];
    one(".moves").addEventListener("click", ({ target }) => {
      const { forward, back } = target.closest("button")?.dataset ?? {};
      if (forward || back) lab.move(forward ? "forward" : "back", forward ?? back);
    });
    this.player.addEventListener("click", () => this.play(!this.timer));
    this.slider.addEventListener("input", () => lab.jump(() => lab.machine.goto(Number(this.slider.value))));
    one("#until").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#goToTime();
    });
    one("#which").addEventListener("change", ({ target }) => lab.change(target.value));
    addEventListener("keydown", (event) => this.#press(event));
    addEventListener("pagehide", () => this.play(false));
    this.#keepKeys(section.parentElement);
  }

  // keepKeys takes the focus from a choice that the reader has clicked, so that arrow keys go on to make steps.
  #keepKeys(host) {
    addEventListener("pointerdown", () => (this.isPointed = true), { capture: true });
    addEventListener("keydown", () => (this.isPointed = false), { capture: true });
    host.addEventListener("change", ({ target }) => {
      if (target.type === "radio" && this.isPointed) target.blur();
    });
  }

  #goToTime() {
    const ms = Number(this.time.value);
    if (ms >= 0) this.lab.jump(() => this.lab.machine.until(ms * 1e6));
    else this.lab.complain("The time is a number of milliseconds, such as 1500.");
  }

  // A key in a field, a choice or a part that scrolls does what it always does there.
  #press(event) {
    if (event.key === "Escape") this.play(false);
    const isOthers = event.target.closest("input:not([type='checkbox']), select, textarea, [tabindex='0']");
    const isChord = event.ctrlKey || event.altKey || event.metaKey;
    const move = moveOf(event);
    if (isChord || isOthers || !move || this.section.closest("[inert]")) return;
    event.preventDefault();
    this.lab.move(...move);
  }

  // play begins to step by itself, or stops that.
  play(on) {
    clearTimeout(this.timer);
    this.timer = undefined;
    say(this.player, on ? "Pause" : "Play");
    set(this.now, "aria-live", on ? "off" : "polite");
    if (on) this.timer = setTimeout(() => this.#tick(), 0);
  }

  #tick() {
    const { lab } = this;
    const before = lab.machine.step;
    lab.moved(() => lab.machine.forward("step"));
    if (lab.machine.step === before) return this.play(false);
    this.timer = setTimeout(() => this.#tick(), 1000 / Number(this.speed.value));
    return undefined;
  }

  // mark shows which program runs.
  mark(name = "") {
    document.querySelector("main").className = colours[name] ?? "";
    for (const input of this.section.querySelectorAll('[name="server"]')) {
      input.checked = input.value === name;
      input.disabled = name === "mistakes";
    }
  }

  paint(machine) {
    set(this.slider, "max", machine.furthest);
    this.slider.value = machine.step;
    set(this.slider, "aria-valuetext", `${position(machine)}, ${duration(machine.time)}`);
    if (document.activeElement !== this.time) this.time.value = String(machine.time / 1e6);
  }
}
