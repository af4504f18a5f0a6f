// Says which of the three servers this page came from, from which process, and what it has asked of
// the kernel so far. Without this script the page says how to ask.

import { sign, stats } from "/_/model.js";

async function look() {
  const answer = await stats();
  sign(answer);
  const calls = Object.entries(answer.totals)
    .filter(([name]) => name.startsWith("sys_"))
    .reduce((sum, [, n]) => sum + n, 0);
  document.getElementById("how").textContent =
    `, process ${answer.pid}; that server has made ${calls.toLocaleString("en")} system calls so far`;
}

look().catch(console.error);
