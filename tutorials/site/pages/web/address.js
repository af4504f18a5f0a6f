// What the address of the laboratory says after #: #name of an example, or #s= with a text, and &server= and &step=.

import { base64url, fromBase64url } from "./dom.js";

const programs = new Set(["forkserv", "pollserv", "epollserv", "mistakes"]);
const farthest = 100_000; // the last step to which a link leads

// Address has the fields name, text, server and step. What the address doesn't say is empty or undefined.
export class Address {
  constructor(hash) {
    const [scenario, ...others] = hash.replace(/^#/, "").split("&");
    const query = new URLSearchParams(others.join("&"));
    const [server, step] = [query.get("server"), Number(query.get("step"))];
    this.server = programs.has(server) ? server : ""; // a link must not make the page run a program from elsewhere
    this.step = query.has("step") && step >= 0 && step <= farthest ? Math.floor(step) : undefined;
    if (scenario.startsWith("s=")) this.text = fromBase64url(scenario.slice(2));
    else this.name = scenario;
  }
}

// hashOf is the address of a step. It has the scenario's text unless name is that of the example.
export function hashOf({ name, scenario, step }, example) {
  return `#${example ?? `s=${base64url(scenario)}`}&server=${name}&step=${step}`;
}
