// What scripts of several pages share: they make elements, and change only what is new.

// make returns an element with attributes and children. Attributes that are false or undefined are left out.
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== undefined && child !== null));
  return element;
}

// say writes only what is new, because a screen reader reads out what is written into a live region.
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

// set changes an attribute only if its value is new. A value of null takes the attribute away.
export function set(element, name, value) {
  if (value === null) element.removeAttribute(name);
  else if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value);
}

const lists = new WeakMap(); // by the parent: its children by their keys, as keyed has made them
const marked = new Set(); // elements that the last step has changed

// unmark takes away the marks of the last step.
export function unmark() {
  for (const element of marked) element.classList.remove("new");
  marked.clear();
}

function mark(element) {
  element.classList.add("new");
  marked.add(element);
}

// keyed gives parent one child for each item, in the same order. A child stays with its item's key; only if the
// item has changed, fill writes the child again, and it is marked as new.
export function keyed(parent, items, key, create, fill) {
  let children = lists.get(parent);
  const first = !children;
  if (first) lists.set(parent, (children = new Map()));
  const gone = new Set(children.keys());
  let place = parent.firstElementChild;
  for (const item of items) {
    const name = key(item);
    const text = JSON.stringify(item);
    let child = children.get(name);
    if (!gone.delete(name)) {
      child = { element: create(item), text: "" };
      children.set(name, child);
    }
    if (child.text !== text) {
      fill(child.element, item);
      if (!first) mark(child.element);
      child.text = text;
    }
    if (child.element === place) place = place.nextElementSibling;
    else parent.insertBefore(child.element, place);
  }
  for (const name of gone) {
    children.get(name).element.remove();
    children.delete(name);
  }
}

// escaped is how Go writes a byte that isn't printed as it is. Bytes come as characters from U+0000 to U+00FF.
const escaped = (byte) =>
  ({ "\r": "\\r", "\n": "\\n", "\t": "\\t", "\\": "\\\\" })[byte] ??
  `\\x${byte.charCodeAt(0).toString(16).padStart(2, "0")}`;

// printable is a string of bytes as Go writes it.
export const printable = (bytes) => bytes.replace(/[^ -[\]-~]/g, escaped);

// Each byte of a text as a character from U+0000 to U+00FF, and the other way round.
export const bytesOf = (text) => String.fromCharCode(...new TextEncoder().encode(text));
export const textOf = (bytes) => new TextDecoder().decode(Uint8Array.from(bytes, (c) => c.charCodeAt(0)));

const units = [
  ["s", 1e9],
  ["ms", 1e6],
  ["µs", 1e3],
  ["ns", 1],
];

// duration writes nanoseconds in the largest unit that leaves at most six digits after the point.
export function duration(ns) {
  if (ns === 0) return "0 ms";
  const [name, size] = units.find(([, size]) => ns >= size) ?? units[3];
  return `${Number((ns / size).toFixed(6))} ${name}`;
}

// coming says when the next timer or action comes, or gives the text for none.
export function coming({ NextTime }, now, none) {
  if (NextTime < 0) return none;
  return `the next timer or action comes ${NextTime <= now ? "now" : `at ${duration(NextTime)}`}`;
}

// plural writes a number with its noun.
export const plural = (n, noun, nouns = `${noun}s`) => `${n.toLocaleString("en")} ${n === 1 ? noun : nouns}`;

// base64url and its reverse carry a text in a URL.
export function base64url(text) {
  return btoa(bytesOf(text)).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

export function fromBase64url(text) {
  return textOf(atob(text.replaceAll("-", "+").replaceAll("_", "/")));
}
