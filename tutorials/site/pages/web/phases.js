// The phases of a connection as a diagram that shows in which phase each connection is, and which change was the last.
// Until the script runs, and without it, the element has a still picture of the diagram.
//
//   const phases = new Phases(element);
//   phases.show([{ Pid, File, Phase: "open", Name: "A" }]); // of all connections; Name may be missing

import { say } from "./dom.js";

// connection is what the phases of one connection have in common.
const connection = ({ Pid, File, Fd }) => `${Pid}/${File ?? Fd}`;

export class Phases {
  constructor(host) {
    this.host = host;
    this.before = new Map(); // the phase of each connection
    this.now = [];
    host.classList.add("phases");
    this.words = document.createElement("p");
    host.append(this.words);
    this.load();
  }

  // load puts the drawing into the page, where its parts can be changed.
  async load() {
    try {
      const answer = await fetch(new URL("phases.svg", import.meta.url));
      if (!answer.ok) throw new Error(answer.status);
      const svg = new DOMParser().parseFromString(await answer.text(), "image/svg+xml").documentElement;
      svg.querySelector("style")?.remove(); // the page has the palette
      this.host.querySelector("img")?.remove();
      this.host.prepend(document.adoptNode(svg));
      this.svg = svg;
      this.draw();
    } catch {
      say(this.words, "The diagram of the phases can't be loaded. Reload the page.");
    }
  }

  // show lights the phases of the connections. If forward, it also lights the change of each connection whose phase is
  // another one than in the last call.
  show(phases, forward = true) {
    const changes = phases.map((p) => [this.before.get(connection(p)), p.Phase])
      .filter(([from, to]) => from && from !== to);
    this.before = new Map(phases.map((p) => [connection(p), p.Phase]));
    this.changes = forward ? changes : [];
    this.now = phases;
    this.draw();
  }

  draw() {
    if (!this.svg) return;
    const within = new Map();
    for (const { Phase, Name } of this.now) within.set(Phase, [...within.get(Phase) ?? [], Name]);
    const told = [];
    for (const node of this.svg.querySelectorAll(".phase")) {
      const phase = node.id.slice("phase-".length);
      const names = within.get(phase) ?? [];
      const text = names.length === 0 ? "" : count(names);
      node.classList.toggle("lit", names.length > 0);
      say(node.querySelector(".count"), text);
      if (text) told.push(`${phase}: ${text}`);
    }
    const took = new Set(this.changes?.map(([from, to]) => `phase-${from}-${to}`));
    for (const node of this.svg.querySelectorAll(".change")) {
      node.classList.toggle("lit", took.has(node.id));
      if (took.has(node.id)) node.parentNode.append(node); // above the others
    }
    say(this.words, told.length > 0 ? `${told.join("; ")}.` : "There is no connection.");
  }
}

// count names the connections if there is room for that.
function count(names) {
  const all = names.join(", ");
  if (names.every(Boolean) && all.length <= 12) return all;
  return names.length === 1 ? "1 connection" : `${names.length} connections`;
}
