// Runs a server that Build has built, and prints its system calls, and the phases of the connections at two times.
// Usage: node observe.cjs WASM_EXEC SERVER.wasm.gz NAME
const fs = require("fs");
const zlib = require("zlib");
const [wasmExec, file, name] = process.argv.slice(2);
globalThis.fs = fs;
require(wasmExec);

const scenario = `
at 300ms A connects
at 301ms A sends "GET /healthz HTTP/1.1\\r\\nHost: 127.0.0.1\\r\\n"
at 400ms A sends "Connection: close\\r\\n\\r\\n"
at 401ms B connects
at 500ms A closes`;

const millisecond = 1e6; // nanoseconds
const go = new Go();
WebAssembly.instantiate(zlib.gunzipSync(fs.readFileSync(file)), go.importObject).then(({ instance }) => {
  go.run(instance);
  const server = globalThis.threeloops;
  const wrong = server.start(JSON.stringify({ Args: [name], Env: [], Scenario: scenario, Trace: true, Single: true }));
  if (wrong) throw new Error(wrong);
  const phases = [350, 450].map((ms) => {
    server.until(ms * millisecond, 10_000);
    return JSON.parse(server.view()).Phases.map(
      ({ Phase, Queued, Deadline }) => `${Phase}, ${Queued} bytes queued, due at ${Deadline / millisecond} ms`);
  });
  server.until(1000 * millisecond, 10_000);
  console.log(JSON.stringify({ phases, events: JSON.parse(server.events(0)) }));
  process.exit();
});
