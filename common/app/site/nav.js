// A server without the course has no /servers.json. Then the links to the course are removed.
// Until that is known they are invisible and keep their place, so that nothing moves.

const reply = await fetch("/servers.json", { cache: "no-store" }).catch(() => null);
for (const link of document.querySelectorAll("[data-course]")) {
  if (reply?.ok) delete link.dataset.course;
  else link.remove();
}
