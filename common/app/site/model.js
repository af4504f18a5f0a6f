// What both pages ask the server: who are you, and what have you done so far?

export async function stats() {
  const reply = await fetch("/stats", { cache: "no-store" });
  if (!reply.ok) throw new Error(`/stats answered ${reply.status}`);
  return reply.json();
}

// sign writes who answered into the page and gives the page that server's colour.
export function sign({ server, pid }) {
  document.documentElement.dataset.server = server;
  document.getElementById("server").textContent = server;
  const process = document.getElementById("pid");
  if (process) process.textContent = pid;
  document.querySelector(`[data-model="${server}"]`)?.setAttribute("aria-current", "true");
}
