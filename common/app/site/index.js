// The front page's numbers: the counters of /stats, and how they grew between
// two looks.

import { sign, stats } from "/_/model.js";

let last;

async function look() {
  const answer = await stats();
  sign(answer);

  const totals = { ...answer.totals, sys_: systemCalls(answer.totals) };
  for (const row of document.querySelectorAll("[data-counter]")) {
    const name = row.dataset.counter;
    const [total, growth] = row.querySelectorAll("td");
    total.textContent = totals[name];
    growth.textContent = last ? `+${totals[name] - last[name]}` : "";
  }
  last = totals;
  document.getElementById("numbers").hidden = false;
}

function systemCalls(totals) {
  return Object.keys(totals)
    .filter((name) => name.startsWith("sys_"))
    .reduce((sum, name) => sum + totals[name], 0);
}

document.getElementById("again").addEventListener("click", () => look().catch(console.error));
look().catch(console.error);
