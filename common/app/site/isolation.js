// Eight clients of each server, and a ninth that crashes the process that serves it.

import { sign, stats } from "/_/model.js";

const many = 8;
const patience = 10_000; // ms for a sign of life
const comeback = 60_000; // ms for a server to come back
const classes = { forkserv: "fork", pollserv: "poll", epollserv: "epoll" };

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

// servers returns the addresses of all that were started together, by name. The
// program that starts them writes a file below their root.
async function servers() {
  const { server } = await stats().then((answer) => (sign(answer), answer));
  const reply = await fetch("/servers.json", { cache: "no-store" });
  const together = reply.ok ? await reply.json() : {};
  const known = Object.keys(classes).filter((name) => typeof together[name] === "string");
  document.getElementById("alone").hidden = known.length > 0;
  return known.length ? known.map((name) => [name, together[name]]) : [[server, location.origin]];
}

// connect opens a WebSocket. With -demo its first message says which process
// serves it; without, that is already the echo of ours, and pid stays undefined.
function connect(url) {
  return new Promise((done, failed) => {
    const socket = new WebSocket(`${url.replace(/^http/, "ws")}/echo?pid`);
    const late = setTimeout(() => socket.close(), patience);
    socket.onclose = () => { clearTimeout(late); failed(new Error(`no connection to ${url}`)); };
    socket.onopen = () => socket.send("hello");
    socket.onmessage = ({ data }) => {
      clearTimeout(late);
      socket.onclose = socket.onmessage = null;
      done({ socket, state: "open", pid: data === "hello" ? undefined : JSON.parse(data).pid });
    };
  });
}

// answers tells whether the server still echoes what a client sends.
function answers({ socket }) {
  return new Promise((done) => {
    const question = `are you there, ${performance.now()}?`;
    setTimeout(() => done(false), patience);
    socket.addEventListener("message", ({ data }) => { if (data === question) done(true); });
    socket.addEventListener("close", () => done(false));
    if (socket.readyState !== WebSocket.OPEN) done(false);
    else socket.send(question);
  });
}

// crash sends the request that crashes a process, and tells whether it did. It needs a
// new connection: if a connection that was used before breaks, a browser repeats the
// request, again and again. Without credentials it shares no connection with the page.
async function crash(url) {
  try {
    await fetch(`${url}/_/crash`, { method: "POST", mode: "no-cors", credentials: "omit" });
    return false; // there was a response
  } catch {
    return true;
  }
}

// returned waits until a server is there again, and says as which process.
async function returned(url) {
  for (const end = Date.now() + comeback; Date.now() < end; await sleep(500)) {
    const client = await connect(url).catch(() => null);
    client?.socket.close();
    if (client) return client.pid;
  }
  return undefined;
}

// panel shows one server, and its eight clients.
function panel(name, url) {
  const card = document.getElementById("panel").content.firstElementChild.cloneNode(true);
  const [title, where, processes, form, crashes, again, verdict] =
    ["h2", ".where", ".processes", "form", ".crash", ".again", ".verdict"].map((s) => card.querySelector(s));
  card.classList.add(classes[name]);
  card.dataset.panel = title.textContent = name;
  where.textContent = url;
  document.getElementById("panels").append(card);

  let clients = [];
  let ninth; // drawn once it has crashed
  let busy = false;

  // draw shows what is, and lets only those buttons be pressed that make sense.
  function draw() {
    processes.replaceChildren(...group(ninth ? [...clients, ninth] : clients).map(box));
    const open = clients.filter(({ state }) => state === "open").length;
    const whole = open === many && clients.every(({ pid }) => pid);
    form.elements.guess.forEach((radio) => { radio.disabled = busy || !whole; });
    crashes.disabled = busy || !whole || !form.elements.guess.value;
    again.hidden = busy || open === many;
    crashes.hidden = !again.hidden;
  }

  async function connectAll() {
    busy = true;
    form.reset();
    ninth = undefined;
    clients.forEach(({ socket }) => socket?.close());
    clients = Array.from({ length: many }, () => ({ state: "connecting" }));
    draw();
    await Promise.all(clients.map(async (client) => {
      Object.assign(client, await connect(url).catch(() => ({ state: "gone" })));
      client.socket?.addEventListener("close", () => { client.state = "gone"; draw(); });
      draw();
    }));
    busy = false;
    verdict.textContent = greeting(clients);
    draw();
  }

  async function crashOne() {
    const guess = Number(form.elements.guess.value);
    busy = true;
    ninth = undefined;
    verdict.textContent = "Crashing one …";
    draw();
    if (!await crash(url)) {
      verdict.textContent = "The server refused: is this page’s origin in its -origins?";
    } else {
      const alive = await Promise.all(clients.map(answers));
      const gone = alive.filter((is) => !is).length;
      clients.forEach((client, i) => { client.state = alive[i] ? "open" : "gone"; });
      // The page can't ask for its process: that is the others' process if they are gone, and otherwise its own.
      ninth = { state: "crashed", pid: gone ? clients[alive.indexOf(false)].pid : "the ninth’s process" };
      const judged = `${judge(gone, guess)} ${explain(gone, clients)}`;
      verdict.textContent = judged;
      if (gone) {
        draw();
        const pid = await returned(url);
        verdict.textContent = pid ? `${judged} ${name} was restarted, as process ${pid}.`
          : `${judged} It has not come back: no other program restarts it.`;
      }
    }
    busy = false;
    form.reset();
    draw();
  }

  form.addEventListener("change", draw);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    await crashOne();
    refocus(card, again.hidden ? form.elements.guess[0] : again);
  });
  again.addEventListener("click", async () => {
    await connectAll();
    refocus(card, form.elements.guess[0]);
  });
  return connectAll();
}

function greeting(clients) {
  const processes = new Set(clients.map(({ pid }) => pid));
  if (clients.some(({ state }) => state === "gone")) return "The server doesn’t answer. Is it running?";
  if (processes.has(undefined)) return "The server was started without -demo, so it can’t be crashed.";
  return `Eight clients, ${words(processes.size)} process${processes.size === 1 ? "" : "es"}.`;
}

// group puts the clients of one process together, in the order they have.
function group(clients) {
  const groups = new Map();
  clients.forEach((client, i) => {
    const key = client.pid ?? "";
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push({ ...client, number: i + 1 });
  });
  return [...groups.values()];
}

// over tells whether the server has lost a client in that state.
const over = (state) => state === "gone" || state === "crashed";

// box draws a process with its clients.
function box(clients) {
  const item = document.createElement("li");
  item.className = "process";
  item.classList.toggle("shared", clients.length > 1);
  item.classList.toggle("ninth", clients.every(({ state }) => state === "crashed"));
  item.classList.toggle("gone", clients.every(({ state }) => over(state)));
  const pid = document.createElement("b");
  pid.textContent = clients[0].pid ?? (clients[0].state === "connecting" ? "…" : "?");
  pid.title = item.matches(".ninth") ? pid.textContent : `process ${pid.textContent}`;
  item.append(pid, ...clients.map(({ state, number }) => {
    const dot = document.createElement("span");
    dot.className = "dot";
    dot.dataset.state = state;
    dot.role = "img";
    dot.ariaLabel = dot.title = `client ${number}: ${state}`;
    return dot;
  }));
  return item;
}

const words = (n) => ({ 1: "one", [many]: "eight" })[n] ?? n;

function judge(gone, guess) {
  const said = gone === guess ? "as you said" : `you said ${guess === 0 ? "none" : words(guess)}`;
  return `${gone} of ${many} lost their connection; ${said}.`;
}

function explain(gone, clients) {
  if (!gone) return "The process that crashed served the ninth client and no other.";
  return `They shared process ${clients[0].pid} with the ninth, and that process has ended.`;
}

// refocus gives the keyboard's focus to element, if the card had it: a button
// that is disabled or hidden loses it.
function refocus(card, element) {
  const held = document.activeElement;
  if (held === document.body || card.contains(held)) element.focus({ preventScroll: true });
}

servers().then((all) => Promise.all(all.map(([name, url]) => panel(name, url)))).catch(console.error);
