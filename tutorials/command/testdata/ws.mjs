// Talks to the echo of each server whose address is given, by the library ws,
// and prints a line for each. Anything unexpected ends it with status 1.

import assert from "node:assert/strict";
import { once } from "node:events";
import WebSocket from "ws";

async function open(url) {
  const ws = new WebSocket(url.replace("http", "ws") + "/echo", { maxPayload: 1 << 25 });
  await once(ws, "open");
  return ws;
}

async function echo(ws, ...pieces) {
  const reply = once(ws, "message");
  pieces.forEach((p, i) => ws.send(p, { fin: i === pieces.length - 1 }));
  const [data, isBinary] = await reply;
  assert.equal(isBinary, typeof pieces[0] !== "string");
  assert.deepEqual(data, Buffer.concat(pieces.map((p) => Buffer.from(p))));
}

async function close(ws, code, reason) {
  const closed = once(ws, "close");
  ws.close(code, reason);
  assert.equal((await closed)[0], code ?? 1005);
}

for (const url of process.argv.slice(2)) {
  const ws = await open(url);
  for (const n of [0, 1, 125, 126, 65535, 65536, 1 << 20, 16 << 20]) {
    await echo(ws, "x".repeat(n));
    await echo(ws, Buffer.alloc(n, 7));
  }
  await echo(ws, "one ", "", "two ", "€ three");
  await echo(ws, Buffer.from([1]), Buffer.alloc(70000, 2), Buffer.from([3]));

  // The library offers compression by itself, and compresses from 1024 bytes on. Here it does so always.
  assert.equal(ws.extensions, "permessage-deflate");
  for (const bits of [9, 15]) {
    const small = new WebSocket(url.replace("http", "ws") + "/echo", {
      maxPayload: 1 << 25, perMessageDeflate: { threshold: 0, serverMaxWindowBits: bits, clientMaxWindowBits: bits },
    });
    const opened = once(small, "open");
    const [answer] = await once(small, "upgrade");
    assert.match(answer.headers["sec-websocket-extensions"], new RegExp(`server_max_window_bits=${bits}`));
    await opened;
    for (const n of [0, 1, 63, 64, 1000, 65536, 1 << 20, 0]) await echo(small, "wörter ".repeat(n));
    await echo(small, "one ", "", "two ", "€ three");
    await close(small, 1000, "done");
  }

  const pong = once(ws, "pong");
  ws.ping("are you there?");
  assert.equal((await pong)[0].toString(), "are you there?");
  await close(ws, 1000, "done");

  for (const code of [undefined, 1001, 1011, 3000, 4999]) await close(await open(url), code);
  await Promise.all(Array.from({ length: 50 }, async (_, i) => {
    const one = await open(url);
    await echo(one, `client ${i}`);
    await close(one, 1000);
  }));
  console.log(`${url} ok`);
}
