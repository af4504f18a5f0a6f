// The programs that run in this page: Go, built for WebAssembly. They come as gzip files, because some hosts don't
// compress.

const folder = new URL("lab/", import.meta.url);
const look = 1000; // ms between two looks whether the programs are built

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

// built waits until the programs are built. It gives say the reason why they aren't.
export async function built(say) {
  for (;;) {
    const reply = await fetch(new URL("ready.json", folder), { cache: "no-store" }).catch(() => null);
    if (!reply) throw new Error("The server of this page doesn't answer. Start it again, and reload the page.");
    if (!reply.ok)
      throw new Error("The programs of this page aren't built here. Start the course with go run ./tutorials.");
    const { ready, why } = await reply.json();
    if (ready) return;
    say(why);
    await sleep(look);
  }
}

// gallery returns the examples, or none if the site has none.
export async function gallery() {
  const reply = await fetch(new URL("gallery.json", folder)).catch(() => null);
  return reply?.ok ? reply.json() : [];
}

// unpacked returns the bytes of a program. Some hosts decompress a gzip file on its way.
async function unpacked(name) {
  const reply = await fetch(new URL(`${name}.wasm.gz`, folder));
  if (!reply.ok) throw new Error(`${name} can't be loaded: ${reply.status} ${reply.statusText}`);
  const bytes = await reply.arrayBuffer();
  const magic = new TextDecoder().decode(bytes.slice(0, 4));
  if (magic === "\0asm") return bytes;
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
}

const modules = new Map(); // promises of compiled programs, by their names

// compiled fetches and compiles a program once. After a failure the next call tries again.
function compiled(name) {
  if (!modules.has(name)) {
    const module = unpacked(name).then((bytes) => WebAssembly.compile(bytes));
    modules.set(name, module);
    module.catch(() => modules.delete(name));
  }
  return modules.get(name);
}

// start runs a new instance of a program, and returns the global value through which the page calls it.
export async function start(name, value) {
  await import(new URL("wasm_exec.js", folder));
  const go = new globalThis.Go();
  const program = await WebAssembly.instantiate(await compiled(name), go.importObject);
  go.run(program);
  return globalThis[value]; // each instance has its own
}
