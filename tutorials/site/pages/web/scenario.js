// The upper part of the laboratory: the scenario that is played, as a question with an answer and as a text, and the
// list of the others.

import { make, say, set } from "./dom.js";

const sizes = { h: 3600e9, m: 60e9, s: 1e9, ms: 1e6, us: 1e3, µs: 1e3, ns: 1 };

// lastAction is the time of a scenario's last action, in ns.
export function lastAction(scenario) {
  let last = 0;
  for (const [, time] of scenario.matchAll(/^\s*at\s+(\S+)/gm)) {
    let ns = 0;
    for (const [, n, unit] of time.matchAll(/([\d.]+)(h|ms|m|s|us|µs|ns)/g)) ns += n * sizes[unit];
    last = Math.max(last, ns);
  }
  return last;
}

// itemOf is an example in the list.
const itemOf = ({ name, title, question }) =>
  make("li", {}, make("a", { href: `#${name}` }, title), " ", make("span", {}, question));

// Scenario is the section. lab.use plays the text in its field, and lab.mend the example without its mistake.
export class Scenario {
  constructor(section, lab) {
    const one = (selector) => section.querySelector(selector);
    [this.title, this.question, this.focus] = [one("#scenario-title"), one("#question"), one("#focus")];
    [this.answer, this.mended, this.gallery] = [one("#answer"), one("#mended"), one("#gallery")];
    [this.text, this.field, this.wrong] = [one("#text"), one("#scenario"), one("#scenario-error")];
    [this.use, this.link] = [one("#use"), one("#link")];
    this.initial = this.field.value;
    this.use.addEventListener("click", () => lab.use(this.field.value));
    this.mended.addEventListener("click", () => lab.mend());
  }

  // list shows the examples of the gallery, which come topic by topic.
  list(examples) {
    this.gallery.hidden = examples.length === 0;
    say(this.gallery.querySelector("summary"), `${examples.length} scenarios, each with a question and an answer`);
    const topics = Map.groupBy(examples, ({ topic }) => topic);
    this.gallery.querySelector(".topics").replaceChildren(
      ...[...topics].map(([topic, all]) =>
        make(
          "section",
          { "aria-label": topic },
          make("h3", {}, topic[0].toUpperCase() + topic.slice(1)),
          make("ul", { class: "examples plain" }, ...all.map(itemOf)),
        ),
      ),
    );
  }

  // show shows an example's question, and hides its answer. Without an example the scenario is the reader's own.
  show(scenario, { name, title, question, answer, focus, program } = {}) {
    say(this.title, title ?? "A scenario of your own");
    say(
      this.question,
      question ?? "Change the text, or press the buttons of the clients, and see what the server does.",
    );
    say(this.focus, focus ? `Look at ${focus}.` : "");
    this.answer.hidden = !answer;
    this.mended.hidden = program !== "mistakes";
    this.answer.open = false;
    say(this.answer.querySelector("p"), answer ?? "");
    this.gallery.open = false;
    for (const link of this.gallery.querySelectorAll("a")) {
      set(link, "aria-current", link.hash === `#${name}` ? "true" : null);
    }
    this.field.value = scenario;
    say(this.wrong, "");
  }

  // complain says what is wrong with a scenario, where the reader can change it.
  complain(text) {
    say(this.wrong, text);
    this.text.open = true;
  }
}
