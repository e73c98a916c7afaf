// Set-up pages: another model in the lines, the wait for a key's first call, and an address that can be loaded again.
document.addEventListener("change", (event) => {
  const select = event.target.closest("[data-models]");
  if (!select) return;
  for (const piece of document.querySelectorAll(`[data-fill="${select.dataset.models}"]`)) piece.textContent = select.value;
});

document.addEventListener("DOMContentLoaded", () => {
  const shown = document.querySelector("[data-address]");
  if (shown) history.replaceState(null, "", shown.dataset.address);
});

const SECONDS_BETWEEN = 2;
const MOST_SECONDS = 300;

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-wait]");
  if (!button) return;
  const card = button.closest("[data-first-call]");
  const show = (...names) => {
    for (const part of card.querySelectorAll("[data-wait-show]")) part.hidden = !names.includes(part.dataset.waitShow);
  };
  const address = `${card.dataset.firstCall}?since=${encodeURIComponent(card.dataset.since)}`;
  const end = Date.now() + MOST_SECONDS * 1000;
  let misses = 0;
  button.disabled = true;
  show("waiting");
  while (Date.now() < end && misses < 5) {
    try {
      const answer = await fetch(address, { headers: { Accept: "application/json" } });
      if (!answer.ok || answer.redirected) throw new Error("signed out");
      const found = await answer.json();
      misses = 0;
      if (found.came) {
        card.querySelector("[data-wait-model]").textContent = found.model;
        card.querySelector("[data-wait-code]").textContent = found.code;
        for (const link of card.querySelectorAll("[data-wait-link]")) link.href = found.url;
        show(found.is_answered ? "answered" : "refused");
        button.textContent = "Wait again";
        button.disabled = false;
        card.dataset.since = new Date().toISOString();
        return;
      }
      show("waiting", found.seen ? "seen" : "");
    } catch {
      misses += 1;
    }
    await new Promise((done) => setTimeout(done, SECONDS_BETWEEN * 1000));
  }
  show(misses ? "lost" : "late");
  button.textContent = "Wait again";
  button.disabled = false;
});
