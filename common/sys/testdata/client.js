// Runs a server that was built for js/wasm, with simulated clients. It checks what the page's functions
// promise, and prints what the clients got.
// Usage: node client.js WASM_EXEC SERVER_WASM SERVER_NAME
const fs = require("fs");
const [wasmExec, file, name] = process.argv.slice(2);
globalThis.fs = fs;
require(wasmExec);

const key = "dGhlIHNhbXBsZSBub25jZQ=="; // the example of RFC 6455 1.3
const request = `"GET /healthz HTTP/1.1\\r\\nHost: 127.0.0.1\\r\\n\\r\\n"`;
const scenario = [
  `at 0ms A connects`,
  `at 1ms A sends ${request}`,
  `at 2ms B connects`,
  `at 3ms B sends "GET /echo HTTP/1.1\\r\\nHost: 127.0.0.1\\r\\nConnection: Upgrade\\r\\nUpgrade: websocket\\r\\n` +
    `Sec-WebSocket-Version: 13\\r\\nSec-WebSocket-Key: ${key}\\r\\n\\r\\n"`,
  `at 4ms B sends "\\x81\\x82\\x00\\x00\\x00\\x00hi"`,
  `at 2s A closes`,
  `at 3s SIGTERM`,
  `at 3100ms B closes`,
];
// A thousand requests, one after the other, tell how fast the kernel is.
for (let i = 0; i < 1000; i++) scenario.splice(5 + i, 0, `at ${5 + i}ms A sends ${request}`);

const never = 1e18;

function check(holds, what) {
  if (!holds) throw new Error(what);
}

// newWorld starts the server with a scenario.
function newWorld(server, text, more) {
  const error = server.start(JSON.stringify({ Args: [name], Env: [], Scenario: text, Trace: true, ...more }));
  check(error === "", error);
}

// withoutSteps are all events, without the number of the step in which each came.
function withoutSteps(server) {
  return JSON.stringify(JSON.parse(server.events(0)).map((e) => ({ ...e, Step: 0 })));
}

function checkBeforeStart(server) {
  check(server.goto(1) === 0 && server.until(1, 1) === 0 && server.view() === "null" && server.events(0) === "[]",
    "there is a world before start");
  check(server.do("A connects") === "call start first", "do takes an action before start");
  const wrong = server.start(JSON.stringify({ Args: [name], Scenario: "at 0ms A dances" }));
  check(wrong.startsWith("1:10: "), `a scenario that can't be parsed gives ${JSON.stringify(wrong)}`);
}

// checkSteps checks that a step is one system call with Single, that the run is the same without it, and
// that going back gives what was there before.
function checkSteps(server) {
  const text = scenario.slice(0, 20).join("\n");
  newWorld(server, text, { Single: true });
  const seen = [server.view()];
  for (let calls = 0; server.goto(seen.length) === seen.length; ) {
    const now = JSON.parse(server.events(0)).filter((e) => e.Caller.Line > 0).length;
    check(now - calls <= 1, `step ${seen.length} made ${now - calls} system calls`);
    calls = now;
    seen.push(server.view());
    if (JSON.parse(seen.at(-1)).Time > 1e9) break;
  }
  const single = withoutSteps(server);
  for (const n of [seen.length - 1, 100, 7, 8, 0]) {
    check(server.goto(n) === n && server.view() === seen[n], `step ${n} is another one after going back`);
  }
  newWorld(server, text);
  server.until(JSON.parse(seen.at(-1)).Time, 1e6);
  const whole = withoutSteps(server);
  check(whole.startsWith(single.slice(0, -1)), "with Single the run is another one");
}

// checkDo checks that what was added becomes a part of the scenario.
function checkDo(server) {
  newWorld(server, `at 1ms A connects`, { Single: true });
  server.until(5e8, 1e6);
  const n = server.goto(1e9);
  newWorld(server, `at 1ms A connects`, { Single: true });
  server.goto(n - 1);
  check(server.do("A dances") === `3: want connects, sends, shuts down, closes, resets, stops reading or reads, got "dances"`,
    "do takes what is no action");
  for (const line of [`A sends ${request}`, "fault read EINTR", "B1..B3 connect"]) check(server.do(line) === "", line);
  server.until(never, 1e6);
  const events = withoutSteps(server);
  for (const action of ["B1..B3 connect", "fault read EINTR"]) {
    check(JSON.parse(events).filter((e) => e.Action === action).length === 1, `not one action ${action}`);
  }
  newWorld(server, server.scenario(), { Single: true });
  server.until(never, 1e6);
  check(withoutSteps(server) === events, "the scenario's text gives another run");
  server.goto(5);
  check(server.do("Z connects") === "", "do after going back");
  check(server.scenario().includes("Z connects"), "the action that was added isn't in the text");
  server.until(never, 1e6);
  check(!JSON.parse(server.view()).Clients.every((c) => c.Name !== "Z"), "the action that was added doesn't come");
  newWorld(server, "at 1ms A connects", { Single: true });
  server.until(2e9, 1e6);
  check(server.do("B connects") === "" && server.scenario().includes("at 2.000001s B connects"), "do comes before until's time");
  const m = server.goto(1e9);
  server.goto(m - 1);
  check(server.do("C connects") === "" && !server.scenario().includes("at 2.000001s C"), "until's time outlives a step");
  newWorld(server, "at 1ms A connects\nat 2.000001s B connects", { Single: true });
  server.until(2e9, 1e6);
  const count = () => server.scenario().split("at 2.000001s B connects").length - 1;
  check(server.do("B connects") === "" && count() === 2, "do doesn't add an action that the scenario has already");
  server.goto(1);
  check(server.do("C connects") === "" && count() === 1, "do drops what it hasn't added");
}

// play plays the whole scenario, and returns what the test wants to know.
function play(server) {
  newWorld(server, scenario.join("\n"));
  server.until(60e9, 1e6);
  const view = JSON.parse(server.view());
  const events = JSON.parse(server.events(0));
  check(view.Clients[0].Got.N === server.got("A").length, "got returns something else than view");
  check(JSON.parse(server.events(events.length - 1)).length === 1, "events returns those before, too");
  check(view.Clients.every((c) => c.Addresses?.length > 0), "view doesn't keep the addresses of clients");
  const names = view.Clients.map((c) => c.Pid);
  check(events.every((e) => !e.Call || e.Program !== names.includes(e.Pid)), "a call is neither a program's nor a client's");
  const clients = view.Clients.map((c) => ({ Name: c.Name, Got: server.got(c.Name), End: c.End }));
  newWorld(server, scenario.join("\n"), { Trace: false });
  const begin = process.hrtime.bigint();
  server.until(60e9, 1e6);
  return {
    calls: view.Calls, events: events.length, line: events.some((e) => e.Loop.File.endsWith(".go") && e.Loop.Line > 0),
    ended: view.Over, status: view.Status, out: view.Out, err: view.Err, panics: view.Panics, clients,
    nanoseconds: Number(process.hrtime.bigint() - begin),
  };
}

const go = new Go();
WebAssembly.instantiate(fs.readFileSync(file), go.importObject).then(({ instance }) => {
  go.run(instance);
  const server = globalThis.threeloops;
  checkBeforeStart(server);
  checkSteps(server);
  checkDo(server);
  process.stdout.write(JSON.stringify(play(server)), () => process.exit(0));
}).catch((error) => {
  console.error(error);
  process.exit(1);
});
