// Two members of the room, each with a connection of its own.

import { sign, stats } from "/_/model.js";

const entriesKept = 200;

// byWebSocket joins the room with a WebSocket. It calls hear with each message, and
// ended when the connection ends.
function byWebSocket(name, hear, ended) {
  const socket = new WebSocket(location.origin.replace(/^http/, "ws") + "/chat", "chat");
  const send = (order) => socket.send(JSON.stringify(order));
  socket.addEventListener("open", () => send({ type: "join", name }));
  socket.addEventListener("message", ({ data }) => hear(JSON.parse(data)));
  socket.addEventListener("close", ({ code, reason, wasClean }) => {
    ended(`code ${code}${reason && `, “${reason}”`}${wasClean ? "" : ", without a closing handshake"}`);
  });
  return {
    say: (to, text) => send({ type: "say", text, ...(to && { to }) }),
    leave: () => socket.close(1000, "the user left"),
  };
}

// byLongPoll joins the room with requests: one that waits for messages, and one for
// each message that it sends.
function byLongPoll(name, hear, ended) {
  const waiting = new AbortController();
  let session;

  async function ask(what, options) {
    const reply = await fetch(`/chat/${what}`, { cache: "no-store", ...options });
    if (!reply.ok) throw new Error((await reply.text()).trim().replace(/^\d+ [^:]*: /, ""));
    return reply.json();
  }
  const post = (what, order) => ask(what, { method: "POST", body: JSON.stringify(order), keepalive: what === "leave" });

  async function listen() {
    let answer = await post("join", { name });
    session = answer.session;
    if (waiting.signal.aborted) await post("leave", { session }); // the user was faster
    while (!waiting.signal.aborted) {
      answer.messages.forEach(hear);
      answer = await ask(`poll?session=${session}&since=${answer.seq}`, { signal: waiting.signal });
    }
  }
  async function leave() {
    waiting.abort();
    if (session) await post("leave", { session });
  }
  const silence = "the server doesn't answer";
  const lost = (error) => error instanceof TypeError; // what the browser says then differs
  const complain = (error) => hear({ type: "error", text: lost(error) ? silence : error.message });

  listen().catch((error) => {
    if (waiting.signal.aborted) return;
    if (session) post("leave", { session }).catch(() => {}); // a browser that reloads ends the poll before all else
    if (!lost(error)) complain(error);
    if (!waiting.signal.aborted) ended(lost(error) ? silence : "no more polls"); // or the complaint has made us leave
  });
  return {
    say: (to, text) => post("send", { session, text, ...(to && { to }) }).catch(complain),
    leave: () => leave().catch(complain).finally(() => ended("no more polls")),
  };
}

// company says who else is in the room. It names as many as the server does.
function company({ members, more = 0 }) {
  const all = more ? [...members, `and ${more} more`] : members;
  return all.join(", ") || "nobody yet";
}

// pane makes one member's half of the page.
function pane(title, name, way) {
  const root = document.getElementById("pane").content.cloneNode(true).firstElementChild;
  const [join, say] = root.querySelectorAll("form");
  const log = root.querySelector(".log");
  const state = root.querySelector("output");
  const { connect, disconnect } = join.elements;
  const { to, text, send } = say.elements;
  const others = new Set();
  let line; // to the room, while there is one
  let me; // who we are there; "" before it has let us in

  const heading = root.querySelector("h2");
  heading.textContent = title;
  heading.id = `title-${way}`;
  root.setAttribute("aria-labelledby", heading.id);
  log.setAttribute("aria-label", `What ${title.toLowerCase()} hears`);
  join.elements.name.value = name;
  join.elements.way.value = way;

  join.addEventListener("submit", (event) => {
    event.preventDefault();
    if (line) return;
    me = "";
    others.clear();
    show("connecting");
    const open = join.elements.way.value === "socket" ? byWebSocket : byLongPoll;
    line = open(join.elements.name.value.trim(), hear, ended);
  });

  disconnect.addEventListener("click", () => {
    show("leaving");
    line.leave();
  });

  say.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!me || !text.value) return;
    line.say(to.value, text.value);
    text.value = "";
    text.focus();
  });

  addEventListener("pagehide", () => line?.leave());

  function ended(why) {
    line = undefined;
    me = "";
    note("left", "", `The connection has ended: ${why}.`);
    show("away");
  }

  function hear(message) {
    switch (message.type) {
      case "welcome":
        me = message.name;
        note("joined", "", `You are in the room, as ${me}.`);
        show("here");
        text.focus();
        break;
      case "members":
        message.members.forEach((member) => others.add(member));
        note("joined", "", `With you: ${company(message)}.`);
        break;
      case "joined":
        if (message.name === me) return;
        others.add(message.name);
        note("joined", "", `${message.name} has joined.`, message.at);
        break;
      case "left":
        others.delete(message.name);
        note("left", "", `${message.name} has left.`, message.at);
        break;
      case "said":
        note(message.name === me ? "mine" : "said", message.name, message.text, message.at, message.to);
        return;
      case "operator":
        note("operator", "The operator", message.text);
        return;
      case "missed":
        note("error", "", "You missed some messages: the server no longer keeps them.");
        return;
      case "error":
        note("error", "", `Refused: ${message.text}.`);
        if (!me) line?.leave();
        return;
    }
    showOthers();
  }

  // showOthers offers each other member as the one to talk to.
  function showOthers() {
    const chosen = to.value;
    const names = [...others].sort((a, b) => a.localeCompare(b));
    to.replaceChildren(new Option("everyone", ""), ...names.map((other) => new Option(`${other} alone`, other)));
    to.value = others.has(chosen) ? chosen : "";
  }

  // show lets only those controls be used that make sense in the state.
  function show(name) {
    const held = document.activeElement;
    state.value = state.dataset.state = name;
    connect.disabled = join.elements.name.disabled = name !== "away";
    for (const choice of join.elements.way) choice.disabled = name !== "away";
    disconnect.disabled = name !== "here" && name !== "connecting";
    to.disabled = text.disabled = send.disabled = name !== "here";
    // A disabled control loses the keyboard's focus: the next one takes it over.
    if (root.contains(held) && held.disabled) (connect.disabled ? disconnect : connect).focus();
  }

  // note adds an entry to the log. An entry that is out of sight is scrolled to,
  // unless the reader has scrolled up.
  function note(event, who, what, at = Date.now(), alone) {
    const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 8;
    const entry = document.createElement("li");
    entry.dataset.event = event;
    const parts = [["time", new Date(at).toLocaleTimeString()]];
    if (who) parts.push(["b", who]);
    if (alone) parts.push(["em", `to ${alone} alone`]);
    for (const [tag, content] of [...parts, ["span", what]]) {
      entry.append(Object.assign(document.createElement(tag), { textContent: content }), " ");
    }
    log.append(entry);
    while (log.children.length > entriesKept) log.firstChild.remove();
    if (atEnd) log.scrollTop = log.scrollHeight;
  }

  document.getElementById("panes").append(root);
}

pane("One member", "Ann", "socket");
pane("Another member", "Bob", "poll");
stats().then(sign).catch(console.error);
