// Says beside each button that it needs the coach, which runs programs for a page.

for (const state of document.querySelectorAll(".experiment .state, .clients .state")) {
  state.textContent = "Start it with: go run ./tutorials";
}
