// The programs that the page has loaded. Several parts of the page may want the same one at the same time, and each
// gets the same machine.

import { Machine } from "./machine.js";

export class Machines {
  constructor() {
    this.loads = new Map(); // promises of machines, by their programs' names
    this.loaded = new Map();
  }

  // get returns a machine that is loaded, or nothing.
  get(name) {
    return this.loaded.get(name);
  }

  // load returns a promise of a machine. After a failure the next call tries again.
  load(name) {
    if (!this.loads.has(name)) {
      const load = Machine.load(name).then((machine) => {
        this.loaded.set(name, machine);
        return machine;
      });
      this.loads.set(name, load);
      load.catch(() => this.loads.delete(name));
    }
    return this.loads.get(name);
  }

  // drop forgets a machine whose program has crashed. The next call of load loads the program again.
  drop(machine) {
    if (this.loaded.get(machine.name) !== machine) return;
    this.loaded.delete(machine.name);
    this.loads.delete(machine.name);
  }
}
