// Runs a server that was built for js/wasm, with a simulated client, and prints what the client got.
// Usage: node client.js WASM_EXEC SERVER_WASM SERVER_NAME
const fs = require("fs");
const [wasmExec, file, name] = process.argv.slice(2);
globalThis.fs = fs;
require(wasmExec);

const key = "dGhlIHNhbXBsZSBub25jZQ=="; // the example of RFC 6455 1.3
const scenario = [
  `at 0ms A connects`,
  `at 1ms A sends "GET /healthz HTTP/1.1\\r\\nHost: 127.0.0.1\\r\\n\\r\\n"`,
  `at 2ms B connects`,
  `at 3ms B sends "GET /echo HTTP/1.1\\r\\nHost: 127.0.0.1\\r\\nConnection: Upgrade\\r\\nUpgrade: websocket\\r\\n` +
    `Sec-WebSocket-Version: 13\\r\\nSec-WebSocket-Key: ${key}\\r\\n\\r\\n"`,
  `at 4ms B sends "\\x81\\x82\\x00\\x00\\x00\\x00hi"`,
  `at 2s A closes`,
  `at 3s SIGTERM`,
  `at 3100ms B closes`,
];
// A thousand requests, one after the other, tell how fast the kernel is.
for (let i = 0; i < 1000; i++) {
  scenario.splice(5 + i, 0, `at ${5 + i}ms A sends "GET /healthz HTTP/1.1\\r\\nHost: 127.0.0.1\\r\\n\\r\\n"`);
}

const go = new Go();
WebAssembly.instantiate(fs.readFileSync(file), go.importObject).then(({ instance }) => {
  go.run(instance);
  const server = globalThis.threeloops;
  if (server.step(1) !== 0 || !server.run(1, 1) || server.state() !== "null") throw new Error("there is a world before start");
  const wrong = server.start(JSON.stringify({ Args: [name], Scenario: "at 0ms A dances" }));
  if (!wrong.startsWith("1:10: ")) throw new Error(`a scenario that can't be parsed gives ${JSON.stringify(wrong)}`);
  const error = server.start(JSON.stringify({ Args: [name], Env: [], Scenario: scenario.join("\n"), Trace: true }));
  if (error) throw new Error(error);
  if (!server.run(60_000, 1_000_000)) throw new Error("the server doesn't end");
  const state = JSON.parse(server.state());
  const events = JSON.parse(server.events());
  server.start(JSON.stringify({ Args: [name], Env: [], Scenario: scenario.join("\n") }));
  const begin = process.hrtime.bigint();
  server.run(60_000, 1_000_000);
  const nanoseconds = Number(process.hrtime.bigint() - begin);
  const summary = JSON.stringify({
    calls: state.Kernel.Calls, events: events.length, line: events.some((e) => e.Loop.File.endsWith(".go") && e.Loop.Line > 0),
    ended: state.Ended, status: state.Status, out: state.Out, err: state.Err, panics: state.Panics,
    clients: state.Clients,
    nanoseconds,
  });
  process.stdout.write(summary, () => process.exit(0));
}).catch((error) => {
  console.error(error);
  process.exit(1);
});
