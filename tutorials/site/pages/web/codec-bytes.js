// The bytes of the codec page as a grid. Each byte is a button that cuts before it, or joins the pieces. The arrow keys
// move between bytes, so the whole grid is one stop of the Tab key.

const first = 1024; // bytes that are shown from the beginning
const last = 64; // bytes that are shown before the end

// hex is a byte in hexadecimal digits.
export const hex = (byte) => byte.toString(16).padStart(2, "0");

// glyph is what stands for a byte below its hexadecimal digits.
function glyph(byte) {
  if (byte === 0x0d) return "\\r";
  if (byte === 0x0a) return "\\n";
  return byte > 0x20 && byte < 0x7f ? String.fromCharCode(byte) : "·";
}

// named says what a byte is, for readers that don't see the glyph.
function named(byte) {
  if (byte === 0x0d) return "CR";
  if (byte === 0x0a) return "LF";
  if (byte === 0x20) return "space";
  return byte > 0x20 && byte < 0x7f ? String.fromCharCode(byte) : "";
}

// plain is a byte with its meaning, from its digits.
function plain(digits) {
  const what = named(parseInt(digits, 16));
  return what ? `${digits} (${what})` : digits;
}

// parts returns which part of a frame or a request each byte is: {kind, about}.
function parts(result) {
  const all = [];
  const mark = (from, to, kind, about) => {
    for (let at = from; at < to; at++) all[at] = { kind, about };
  };
  for (const { events } of result.pieces) {
    for (const { kind, reader, from, to, rule } of events) {
      if (reader === "http1" && kind === "Body") mark(from, to, "load", "of the body");
      else if (reader === "http1") mark(from, to, "head", "of a request");
      if (reader === "session") mark(from, to, "none", "discarded");
      if (reader === "http1" && rule) mark(rule.at + 1, to, "none", "discarded");
    }
  }
  result.frames.forEach((frame, i) => {
    const of = `of frame ${i + 1}`;
    const rest = frame.second?.mask ? frame.payload - frame.from - lengthEnd(frame) : 0;
    const key = Math.min(4, Math.max(0, rest));
    mark(frame.from, frame.payload, "head", `header ${of}`);
    mark(frame.from + 1, frame.payload, "length", `length ${of}`);
    mark(frame.from + 1, Math.min(frame.from + 2, frame.payload), "length", `MASK and length ${of}`);
    mark(frame.payload - key, frame.payload, "mask", `masking key ${of}`);
    mark(frame.payload, frame.to, "load", `payload ${of}`);
    if (frame.second?.mask && frame.unmasked) {
      for (const [j, digits] of frame.unmasked.split(" ").entries()) {
        all[frame.payload + j].about += `, unmasked ${plain(digits)}`;
      }
    }
  });
  return all;
}

// lengthEnd is where in a frame its length ends.
function lengthEnd({ second }) {
  return { 126: 4, 127: 10 }[second.length] ?? 2;
}

// Bytes is the grid.
export class Bytes {
  // toggled(at) is called when the reader cuts or joins before the byte at that offset.
  constructor(element, about, toggled) {
    this.element = element;
    this.about = about;
    this.toggled = toggled;
    this.at = 0; // the byte that the Tab key leads to
    element.addEventListener("click", ({ target }) => this.press(target.closest("button")));
    element.addEventListener("keydown", (event) => this.move(event));
    for (const name of ["focusin", "mouseover"]) {
      element.addEventListener(name, ({ target }) => this.tell(target.closest("button")));
    }
  }

  // show shows the bytes of a result. The buttons stay if the bytes are the same, and so does the focus.
  show(result) {
    if (this.text !== result.bytes) {
      this.text = result.bytes;
      this.build(result.bytes);
    }
    const cuts = new Set(result.cuts);
    const kinds = parts(result);
    let piece = 0;
    for (const button of this.buttons) {
      const at = Number(button.dataset.at);
      while (result.pieces[piece] && at >= result.pieces[piece].to) piece++;
      const { kind = "none", about = "" } = kinds[at] ?? {};
      button.className = `${kind}${piece % 2 ? " odd" : ""}${at === result.wrong ? " refused" : ""}`;
      button.setAttribute("aria-pressed", String(cuts.has(at)));
      if (!at) button.removeAttribute("aria-pressed");
      const refused = at === result.wrong ? "refused at this byte" : "";
      const words = [`Byte ${at}: ${hex(this.bytes[at])}`, named(this.bytes[at]), about, refused];
      button.dataset.about = words.filter(Boolean).join(", ");
      button.setAttribute("aria-label", at ? `${button.dataset.about}, cut before it` : button.dataset.about);
    }
    this.tell(this.buttons.find((button) => button === document.activeElement));
  }

  build(digits) {
    this.bytes = (digits.match(/../g) ?? []).map((pair) => parseInt(pair, 16));
    const n = this.bytes.length;
    this.at = Math.min(this.at, Math.max(0, n - 1));
    this.buttons = [];
    const nodes = [];
    this.bytes.forEach((byte, at) => {
      if (n > first + last && at >= first && at < n - last) {
        if (at === first) nodes.push(this.gap(n - first - last));
        return;
      }
      const button = document.createElement("button");
      button.type = "button";
      button.dataset.at = at;
      button.tabIndex = -1;
      const char = document.createElement("span");
      char.textContent = glyph(byte);
      button.append(hex(byte), char);
      this.buttons.push(button);
      nodes.push(button);
    });
    this.element.replaceChildren(...nodes);
    const stop = this.buttons.find((button) => Number(button.dataset.at) === this.at) ?? this.buttons[0];
    if (stop) stop.tabIndex = 0;
  }

  gap(n) {
    const p = document.createElement("p");
    p.className = "gap";
    p.textContent = `${n.toLocaleString("en")} bytes are not shown. You can cut there by number.`;
    return p;
  }

  press(button) {
    if (!button) return;
    this.stopAt(button);
    const at = Number(button.dataset.at);
    if (at > 0) this.toggled(at);
  }

  // move follows the arrow keys. A line has as many bytes as the width has room for.
  move(event) {
    const now = this.buttons.indexOf(event.target.closest("button"));
    const top = this.buttons[0]?.offsetTop;
    const columns = Math.max(1, this.buttons.findIndex((button) => button.offsetTop > top));
    const to = { ArrowLeft: now - 1, ArrowRight: now + 1, ArrowUp: now - columns, ArrowDown: now + columns,
      Home: 0, End: this.buttons.length - 1 }[event.key];
    if (now < 0 || to === undefined) return;
    event.preventDefault();
    const next = this.buttons[to];
    if (!next) return;
    this.stopAt(next);
    next.focus();
  }

  stopAt(button) {
    for (const other of this.buttons) other.tabIndex = -1;
    button.tabIndex = 0;
    this.at = Number(button.dataset.at);
  }

  // tell says below the grid what a byte is.
  tell(button) {
    this.about.textContent = button?.dataset.about ?? "";
  }
}
