// One WebSocket at a time, and a log of what happens to it.

import { sign, stats } from "/_/model.js";

const [connect, disconnect, form, message, send, state, log] =
  ["connect", "disconnect", "form", "message", "send", "state", "log"]
    .map((id) => document.getElementById(id));

const address = location.origin.replace(/^http/, "ws") + "/echo";
const entriesKept = 200;
const charactersShown = 64;
const bytesShown = 16;

// A string's length counts 16-bit units: an emoji has two or more. A segmenter counts what a reader sees.
const characters = new Intl.Segmenter("en", { granularity: "grapheme" });

let socket;
let sentAt = []; // when each message was sent that has not come back; echoes keep their order

connect.addEventListener("click", () => {
  const asked = performance.now();
  socket = new WebSocket(address);
  socket.binaryType = "arraybuffer";
  sentAt = [];
  note("connecting", address);
  show("connecting");

  socket.addEventListener("open", () => {
    note("opened", `after ${since(asked)}`);
    show("open");
    message.focus();
  });
  socket.addEventListener("message", ({ data }) => {
    note("received", `${describe(data)}, after ${since(sentAt.shift())}`);
  });
  socket.addEventListener("close", ({ code, reason, wasClean }) => {
    note("closed", `code ${code}${reason && `, “${reason}”`}${wasClean ? "" : ", without a closing handshake"}`);
    show("closed");
  });
});

disconnect.addEventListener("click", () => {
  socket.close(1000, "the user left");
  show("closing");
});

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (socket?.readyState !== WebSocket.OPEN) return;
  const text = message.value;
  const data = form.elements.kind.value === "binary" ? new TextEncoder().encode(text).buffer : text;
  sentAt.push(performance.now());
  socket.send(data);
  note("sent", describe(data));
  message.select();
});

// show lets only those buttons be pressed that make sense in the state.
function show(name) {
  const held = document.activeElement;
  state.value = state.dataset.state = name;
  connect.disabled = name !== "closed";
  disconnect.disabled = name !== "connecting" && name !== "open";
  send.disabled = name !== "open";
  // A disabled button loses the keyboard's focus: the next one takes it over.
  if (held?.disabled) (connect.disabled ? disconnect : connect).focus();
}

// note adds an entry to the log. An entry that is out of sight is scrolled to,
// unless the reader has scrolled up.
function note(event, text) {
  const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 8;
  const entry = document.createElement("li");
  entry.dataset.event = event;
  for (const [tag, content] of [["time", new Date().toLocaleTimeString()], ["b", event], ["span", text]]) {
    entry.append(Object.assign(document.createElement(tag), { textContent: content }), " ");
  }
  log.append(entry);
  while (log.children.length > entriesKept) log.firstChild.remove();
  if (atEnd) log.scrollTop = log.scrollHeight;
}

// describe shows a text as it is and binary data as bytes, neither at length.
function describe(data) {
  if (typeof data === "string") {
    const all = Array.from(characters.segment(data), ({ segment }) => segment);
    const shown = all.slice(0, charactersShown).join("");
    return `text “${shown}${all.length > charactersShown ? "…" : ""}”, ${count(all.length, "character")}`;
  }
  const bytes = [...new Uint8Array(data, 0, Math.min(data.byteLength, bytesShown))];
  const hex = bytes.map((b) => b.toString(16).padStart(2, "0")).join(" ");
  return `binary ${hex}${bytes.length < data.byteLength ? " …" : ""}, ${count(data.byteLength, "byte")}`;
}

function count(n, thing) {
  return `${n} ${thing}${n === 1 ? "" : "s"}`;
}

function since(start) {
  return `${(performance.now() - start).toFixed(1)} ms`;
}

show("closed");
stats().then(sign).catch(console.error);
