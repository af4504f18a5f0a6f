// Draws the diagrams of the page in place of the tables that readers without JavaScript see.

import { Spacetime } from "spacetime";

const diagrams = new Map();

for (const host of document.querySelectorAll(".diagram")) {
  const data = JSON.parse(document.getElementById(host.dataset.of).textContent);
  const diagram = new Spacetime(host, { title: host.dataset.title });
  diagram.show(data);
  const rows = data.events.length + (data.waits.length > 0 ? 1 : 0) + 3; // the lanes' names, and some room
  host.style.setProperty("--tall", `min(${rows * 20}px, 44rem, 80vh)`);
  diagrams.set(host.dataset.of, diagram);
  const fault = data.events.find(({ failed }) => failed);
  if (fault) diagram.select(fault.seq);
  else diagram.scroll.scrollTop = 0;
}

for (const button of document.querySelectorAll("button[data-seq]")) {
  const diagram = diagrams.get(button.dataset.of);
  button.hidden = false;
  button.addEventListener("click", () => {
    diagram.select(Number(button.dataset.seq));
    diagram.host.scrollIntoView({ block: "nearest" });
  });
}
