// A function of the servers' source: its section of a page below /source/, with the line of a call marked.

const pages = new Map(); // promises of documents, by address

// pageOf is the address of the page of a source file, without a line; null if the site has no page of it.
function pageOf(file) {
  const path = file?.match(/^threeloops\/(.+\.go)$/)?.[1];
  return path ? new URL(`source/${path}.html`, import.meta.url) : null;
}

// linkOf is the address of the line that made a call. It is null if the site doesn't have the file.
export function linkOf(source) {
  const { file, line } = plain(source);
  const page = pageOf(file);
  if (page) page.hash = `L${line}`;
  return page?.href ?? null;
}

// plain accepts the names of the kernel's JSON too.
const plain = (source) => ({ file: source?.file ?? source?.File, line: source?.line ?? source?.Line });

async function fetchPage(url) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url} answers with ${answer.status}`);
  return new DOMParser().parseFromString(await answer.text(), "text/html");
}

// load fetches each page once. After a failure the next call tries again.
function load(url) {
  if (!pages.has(url)) {
    const page = fetchPage(url);
    pages.set(url, page);
    page.catch(() => pages.delete(url));
  }
  return pages.get(url);
}

// sourceOf returns a copy of the section that contains a line, or null if there is none: the file belongs to Go itself,
// or its page can't be fetched. The line has the class now.
export async function sourceOf(source) {
  const { file, line } = plain(source);
  const url = pageOf(file);
  if (!url) return null;
  let page;
  try {
    page = await load(url.href);
  } catch {
    return null;
  }
  const section = page.getElementById(`L${line}`)?.closest("section.part");
  if (!section) return null;
  const copy = document.importNode(section, true);
  const now = copy.querySelector(`#L${line}`);
  now.classList.add("now");
  now.setAttribute("aria-current", "true");
  copy.removeAttribute("aria-labelledby");
  const name = section.querySelector("h2")?.textContent ?? "Code";
  copy.setAttribute("aria-label", `${name}, ${file.replace("threeloops/", "")}, line ${line}`);
  for (const a of copy.querySelectorAll("a[href]")) a.href = new URL(a.getAttribute("href"), url); // from this page too
  for (const node of [copy, ...copy.querySelectorAll("[id]")]) node.removeAttribute("id"); // the page has its own
  copy.classList.add("source-part");
  return copy;
}
