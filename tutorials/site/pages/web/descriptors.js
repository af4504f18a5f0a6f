// What each process holds: tables of descriptors, with arrows to open file descriptions, and the tree of processes.

import { keyed, make, plural, say, set } from "./dom.js";
import { tablesOf } from "./net.js";

const svg = "http://www.w3.org/2000/svg";
const row = 10; // height of a row in the drawing's own units

// arrow leads from the descriptor in one row to the description in another.
function arrow(from, to, file) {
  const [y1, y2] = [(from + 0.5) * row, (to + 0.5) * row];
  const path = document.createElementNS(svg, "path");
  path.setAttribute("d", `M0 ${y1} C50 ${y1} 50 ${y2} 100 ${y2}`);
  path.dataset.file = file;
  return path;
}

// spans writes ascending numbers: 0–4, 6.
export function spans(numbers) {
  const all = [];
  for (const n of numbers) {
    const last = all.at(-1);
    if (last && last[1] === n - 1) last[1] = n;
    else all.push([n, n]);
  }
  return all.map(([from, to]) => (from === to ? `${from}` : `${from}–${to}`)).join(", ");
}

// Descriptors draws the tables on the left, the open file descriptions on the right, and the arrows between.
export class Descriptors {
  constructor(part) {
    this.fds = part.querySelector(".fds");
    this.files = part.querySelector(".files-open");
    this.drawing = part.querySelector("svg");
    [this.clients, this.old] = part.querySelectorAll("input");
    for (const input of [this.clients, this.old])
      input.addEventListener("change", () => this.net && this.paint(this.net));
    this.start = new Set(); // descriptors that were there before the scenario's first action
    part.addEventListener("pointerover", ({ target }) => this.light(part, target.closest("[data-file]")?.dataset.file));
    part.addEventListener("pointerleave", () => this.light(part, undefined));
  }

  // light shows which rows and arrows belong together.
  light(part, file) {
    for (const element of part.querySelectorAll("[data-file]")) {
      element.classList.toggle("lit", file !== undefined && element.dataset.file === file);
    }
  }

  begin(net) {
    this.start = new Set();
    for (const { Pid, Tid, Descriptors } of net.programs.flatMap(tablesOf))
      for (const { Fd, File } of Descriptors) this.start.add(`${Pid} ${Tid} ${Fd} ${File}`);
  }

  paint(net) {
    this.net = net;
    const rows = [];
    const processes = (net.view.Processes ?? []).filter(({ Program }) => Program || this.clients.checked);
    for (const process of processes) {
      const limit = process.Program && process.Limit ? ` of ${process.Limit.toLocaleString("en")}` : "";
      for (const table of tablesOf(process)) rows.push(...this.#rows(table, net.nameOfTable(table), limit));
    }
    const held = new Set(rows.map(({ file }) => file));
    const files = [...net.files.values()]
      .filter(({ ID }) => held.has(ID) || !net.holders.get(ID)?.length)
      .map(({ ID, References, NonBlocking }) => ({
        ID,
        References,
        NonBlocking,
        about: net.about(ID),
        few: net.holders.get(ID)?.length ?? 0,
      }));
    keyed(
      this.fds,
      rows,
      ({ key }) => key,
      () => make("li"),
      (element, item) => this.#descriptor(element, item),
    );
    keyed(
      this.files,
      files,
      ({ ID }) => ID,
      () => make("li"),
      (element, item) => this.#file(element, item),
    );
    this.#arrows(rows, new Map(files.map(({ ID }, i) => [ID, i])));
  }

  #rows({ Pid, Tid, Descriptors }, name, limit) {
    const key = `p${Pid} t${Tid ?? 0}`;
    const rows = [{ key, head: `${name}: ${Descriptors.length}${limit}` }];
    const isOld = ({ Fd, File }) => !this.old.checked && this.start.has(`${Pid} ${Tid} ${Fd} ${File}`);
    const old = Descriptors.filter(isOld).map(({ Fd }) => Fd);
    if (old.length > 0) rows.push({ key: `${key} old`, old: `${spans(old)} as at the start` });
    for (const { Fd, File, CloseOnExec } of Descriptors.filter((d) => !isOld(d))) {
      rows.push({ key: `${key} ${Fd}`, fd: Fd, file: File, cloexec: CloseOnExec, of: name });
    }
    return rows;
  }

  #descriptor(element, { head, old, fd, file, cloexec, of }) {
    element.className = head ? "head" : old ? "old" : "";
    if (head || old) return say(element, head ?? old);
    set(element, "data-file", file);
    set(
      element,
      "aria-label",
      `descriptor ${fd} of ${of} refers to description ${file}${cloexec ? ", close-on-exec" : ""}`,
    );
    return element.replaceChildren(
      make("b", {}, String(fd)),
      cloexec ? make("small", { title: "FD_CLOEXEC: execve closes it" }, " cloexec") : "",
    );
  }

  #file(element, { ID, References, NonBlocking, about, few }) {
    set(element, "data-file", ID);
    element.title = `description ${ID}, ${plural(References, "reference")}${NonBlocking ? ", O_NONBLOCK" : ""}`;
    const more = References > 1 ? ` ×${References}` : "";
    element.replaceChildren(
      make("b", {}, `#${ID}`),
      ` ${about}`,
      make("small", {}, few === 0 ? " no descriptor" : more),
    );
  }

  #arrows(rows, places) {
    const drawn = rows.flatMap(({ file }, i) => (places.has(file) ? [[i, places.get(file), file]] : []));
    const text = drawn.join(" ");
    if (this.drawn === text) return;
    this.drawn = text;
    const height = Math.max(rows.length, places.size) * row;
    set(this.drawing, "viewBox", `0 0 100 ${height}`);
    this.drawing.style.height = `calc(${height / row} * var(--row))`;
    this.drawing.replaceChildren(...drawn.map(([from, to, file]) => arrow(from, to, file)));
  }
}

// Tree shows the programs' processes below their parents.
export class Tree {
  constructor(list) {
    this.list = list;
  }

  paint(net) {
    this.#level(
      this.list,
      net,
      net.programs.filter(({ Parent }) => !net.programs.some(({ Pid }) => Pid === Parent)),
    );
  }

  #level(list, net, processes) {
    const items = processes.map((process) => ({ pid: process.Pid, text: this.#text(net, process) }));
    keyed(
      list,
      items,
      ({ pid }) => pid,
      () => make("li", {}, make("span"), make("ul")),
      (element, { text }) => say(element.firstChild, text),
    );
    for (const [i, { Pid }] of processes.entries()) {
      this.#level(
        list.children[i].lastChild,
        net,
        net.programs.filter(({ Parent }) => Parent === Pid),
      );
    }
  }

  #text(net, process) {
    const { Pid, Zombie, Stopped, Threads } = process;
    const waits = (Threads ?? []).map(({ Waits, Call }) => (Waits ? `waits in ${Call}` : "can run"));
    const serves = tablesOf(process)
      .flatMap(({ Descriptors }) => Descriptors)
      .map(({ File }) => net.sockets.get(net.files.get(File)?.Socket))
      .filter((socket) => socket && socket.State !== "LISTEN")
      .map((socket) => net.nameOf(socket));
    const state = Zombie ? ["has ended, and its parent hasn't waited for it: a zombie"] : Stopped ? ["stopped"] : waits;
    return [
      `${Pid} ${net.commandOf(process)}`,
      ...new Set(state),
      ...(serves.length ? [`holds ${serves.join(", ")}`] : []),
    ].join(", ");
  }
}
