// Copies the text of the element a button names in data-copy, and says so on the button.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const source = document.getElementById(button.dataset.copy);
  try {
    await navigator.clipboard.writeText(source.textContent);
    button.textContent = "Copied";
  } catch {
    // Without a secure context there is no clipboard: mark the text for the reader to copy.
    getSelection().selectAllChildren(source);
    button.textContent = "Press Ctrl+C";
  }
});

// Shows one of several panels: data-tab on the buttons, the panel's id as its value.
document.addEventListener("click", (event) => {
  const tab = event.target.closest("[data-tab]");
  if (!tab) return;
  for (const other of tab.closest("[role=tablist]").querySelectorAll("[data-tab]")) {
    const chosen = other === tab;
    other.setAttribute("aria-selected", String(chosen));
    document.getElementById(other.dataset.tab).hidden = !chosen;
  }
});
