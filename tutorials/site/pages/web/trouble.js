// What the reader can do to the machine: faults of system calls, signals, stalls, shortages.

import { make } from "./dom.js";

// kinds are what can happen to a call, in the scenario's language.
const kinds = {
  EMFILE: "EMFILE: no descriptor is free",
  ENFILE: "ENFILE: the system has none",
  ENOMEM: "ENOMEM: no memory",
  EINTR: "EINTR: a signal interrupts it",
  EAGAIN: "EAGAIN: not ready after all",
  ECONNABORTED: "ECONNABORTED: the client has gone",
  ECONNRESET: "ECONNRESET: the connection is reset",
  ENOSPC: "ENOSPC: no room",
  ENOBUFS: "ENOBUFS: no buffer",
  "1 bytes": "it transfers 1 byte only",
  "3 bytes": "it transfers 3 bytes only",
  "SIGSTOP for 2s": "SIGSTOP, and SIGCONT 2 s later",
  SIGKILL: "SIGKILL, if a child makes it",
};

// first are the calls that a reader most likely wants to fail; the others follow in alphabetical order.
const first = ["accept4", "read", "sendto", "epoll_wait", "poll", "epoll_ctl", "clone", "close"];
const others = [
  "bind",
  "epoll_create1",
  "eventfd2",
  "execve",
  "fcntl",
  "getpeername",
  "getsockopt",
  "listen",
  "memfd_create",
  "mmap",
  "openat2",
  "pipe2",
  "ppoll",
  "recvfrom",
  "recvmsg",
  "sendfile",
  "sendmsg",
  "setsockopt",
  "shutdown",
  "socket",
  "socketpair",
  "wait4",
  "write",
];

// Trouble is the part of the page with these controls.
export class Trouble {
  constructor(part, lab, who) {
    [this.part, this.lab, this.who] = [part, lab, who];
    this.one("#fault-call").append(...[...first, ...others].map((name) => make("option", {}, name)));
    this.one("#fault-kind").append(...Object.entries(kinds).map(([value, text]) => make("option", { value }, text)));
    part.addEventListener("click", ({ target }) => {
      const { trouble, line } = target.closest("button")?.dataset ?? {};
      if (line) lab.act(line);
      else if (trouble) this[trouble]();
    });
  }

  one(selector) {
    return this.part.querySelector(selector);
  }

  fault() {
    const times = this.one("#fault-times").value;
    this.lab.act(`fault ${this.one("#fault-call").value} ${this.one("#fault-kind").value} ${times}`.trim());
  }

  signal() {
    this.lab.act(`${this.one("#signal").value}${this.one("#to-all").checked ? " to all" : ""}`);
  }

  stall() {
    this.lab.act(`the machine stalls for ${this.one("#stall").value}s`);
  }

  limit() {
    this.lab.act(`the limit of files is ${this.one("#limit").value}`);
  }

  serving() {
    const { who } = this.who;
    if (!who || who.includes(".."))
      return this.lab.complain("Choose one client: the signal goes to the process that serves it.");
    return this.lab.act(`the process of ${who} ${this.one("#serving").value}`);
  }
}
