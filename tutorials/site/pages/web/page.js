// Says which of the three servers sent this page, which process that is, and how many system calls the server has made.
// Without this script the page says where to look. It also gives each block of commands a button that copies them.

import { sign, stats } from "./_/model.js";
import { isCopy } from "./base.js";

async function look() {
  const answer = await stats();
  sign(answer);
  const calls = Object.entries(answer.totals)
    .filter(([name]) => name.startsWith("sys_"))
    .reduce((sum, [, n]) => sum + n, 0);
  document.getElementById("how").textContent =
    `, process ${answer.pid}; that server has made ${calls.toLocaleString("en")} system calls so far`;
}

const told = 2000; // ms for which a button says what has become of it

// copyable adds the button. It copies only what you type: no prompt and no output.
function copyable(pre) {
  const commands = [...pre.querySelectorAll("kbd")];
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy";
  button.textContent = "Copy";
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(commands.map((kbd) => kbd.textContent).join("\n"));
      button.textContent = "Copied";
    } catch { // the browser may forbid it, and has no clipboard for a page that came over plain HTTP from afar
      getSelection().setBaseAndExtent(commands[0], 0, commands.at(-1), commands.at(-1).childNodes.length);
      button.textContent = "Press Ctrl-C";
    }
    setTimeout(() => { button.textContent = "Copy"; }, told);
  });
  pre.prepend(button);
}

// Escape takes away the meaning of a term that covers what is below it, until the term is left.
addEventListener("keydown", ({ key }) => {
  if (key !== "Escape") return;
  for (const term of document.querySelectorAll(".term:hover, .term:focus-within")) {
    term.classList.add("quiet");
    for (const left of ["mouseleave", "focusout"]) {
      term.addEventListener(left, () => term.classList.remove("quiet"), { once: true });
    }
  }
});

for (const pre of document.querySelectorAll("pre:has(kbd)")) copyable(pre);
if (!isCopy) look().catch(console.error);
