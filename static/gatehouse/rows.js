// Rows of a form that can be added and removed: data-add and data-rows name the formset, data-empty its empty row.
document.addEventListener("click", (event) => {
  const add = event.target.closest("[data-add]");
  if (add) {
    const name = add.dataset.add;
    const total = document.querySelector(`[name="${name}-TOTAL_FORMS"]`);
    const rows = document.querySelector(`[data-rows="${name}"]`);
    const empty = document.querySelector(`template[data-empty="${name}"]`);
    rows.insertAdjacentHTML("beforeend", empty.innerHTML.replaceAll("__prefix__", total.value));
    total.value = Number(total.value) + 1;
    rows.lastElementChild.querySelector("input, textarea, select")?.focus();
  }
  const remove = event.target.closest("[data-remove]");
  if (remove) {
    const row = remove.closest(".gh-editor-row");
    if (row.dataset.row === "whole") {
      row.remove();
      return;
    }
    // Its fields are emptied and stay, so that the numbers of the others do too: empty rows are left out on saving.
    for (const field of row.querySelectorAll("input:not([type=checkbox]), textarea")) field.value = "";
    row.hidden = true;
  }
});

let changed = false;
document.getElementById("draft")?.addEventListener("input", () => (changed = true));
document.getElementById("draft")?.addEventListener("submit", () => (changed = false));
addEventListener("beforeunload", (event) => changed && event.preventDefault());
