// How a page asks the coach, and what it says if the coach doesn't answer.

import { at } from "./base.js";

const missing = "The coach isn't running. Start it with: go run ./tutorials";
const retry = 2000; // ms between two tries to find a coach that has ended

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

// unreachable names the possible reasons why a coach that should be there can't be reached. The browser tells a
// page no more: a response that the page may not read looks like no response.
export const unreachable = (url) =>
  `The coach should be at ${url}, but this page, at ${location.origin}, can't reach it. Perhaps it has ended:  ` +
  "start it again with go run ./tutorials. Or it refuses this page: it obeys only pages at 127.0.0.1 and localhost, " +
  "on the ports that it was started with.";

// Gone is the error if the coach doesn't answer. The browsers' own messages differ, and don't help.
export class Gone extends Error {
  constructor() {
    super("The coach doesn't answer any more. Start it again as before, with go run ./tutorials: this page " +
      "goes on by itself then.");
  }
}

// answered waits for a response.
async function answered(promise) {
  try {
    return await promise;
  } catch (error) {
    throw error instanceof TypeError ? new Gone() : error;
  }
}

// isFramed tells whether this page is inside another page. That page could lay its own text over ours, so that a
// click on it would press our buttons.
export const isFramed = window.top !== window.self;

// Coach is the address of the coach. A refusal is an Error with the coach's reason.
export class Coach {
  // find looks for the coach. The launcher writes its address into a file below the servers' root, with the
  // secret that each POST needs, or the reason why there is no coach.
  async find() {
    const reply = await answered(fetch(at("/coach.json"), { cache: "no-store" }));
    const { url, secret, why } = reply.ok ? await reply.json() : {};
    if (!url) throw new Error(why ?? missing);
    [this.url, this.secret] = [url, secret];
    await this.get("/health");
  }

  // back waits until a coach that had ended is found again. All callers share one search.
  back() {
    this.awaited ??= (async () => {
      for (let found = false; !found;) {
        await sleep(retry);
        found = !document.hidden && await this.find().then(() => true, () => false);
      }
      this.awaited = undefined;
    })();
    return this.awaited;
  }

  async ask(path, options) {
    const headers = options?.method === "POST" ? { "Coach-Secret": this.secret } : {};
    const reply = await answered(fetch(this.url + path, { cache: "no-store", headers, ...options }));
    if (reply.status === 403 && options?.method === "POST" && await this.isNew()) return this.ask(path, options);
    if (!reply.ok) throw new Error((await answered(reply.text())).trim());
    return reply;
  }

  // isNew tells whether another coach has come, with another secret, since the last was found.
  async isNew() {
    const { secret } = this;
    await this.find();
    return secret !== this.secret;
  }

  async get(path) { return answered((await this.ask(path)).json()); }

  post(path, body, signal) {
    return this.ask(path, { method: "POST", body: body && JSON.stringify(body), signal });
  }

  // run runs an experiment; it yields each of the objects that come, as they come.
  async *run(name, signal) {
    const reply = await this.post(`/experiments/${name}`, null, signal);
    const reader = reply.body.pipeThrough(new TextDecoderStream()).getReader();
    const read = () => answered(reader.read());
    let text = "";
    for (let { value, done } = await read(); !done; { value, done } = await read()) {
      const lines = (text + value).split("\n");
      text = lines.pop();
      for (const line of lines) yield JSON.parse(line);
    }
  }
}
