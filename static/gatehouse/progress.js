// Looks again and again how far something is, and shows the page anew when it has ended.
document.addEventListener("DOMContentLoaded", () => {
  const card = document.querySelector("[data-progress]");
  if (!card) return;
  const put = (name, text) => {
    card.querySelector(`[data-progress-${name}]`).textContent = text;
  };
  const look = async () => {
    try {
      const answer = await fetch(card.dataset.progress, { headers: { Accept: "application/json" } });
      if (!answer.ok) return;
      const found = await answer.json();
      if (!found.is_open) {
        location.reload();
        return;
      }
      card.querySelector("[data-progress-bar]").style.width = `${found.percent}%`;
      card.querySelector("[role=progressbar]").setAttribute("aria-valuenow", Math.round(found.percent));
      put("done", found.done);
      put("passed", found.passed);
      put("spent", found.spent);
    } catch {
      // The server is away for a moment: look again.
    }
    setTimeout(look, 1000);
  };
  setTimeout(look, 1000);
});
