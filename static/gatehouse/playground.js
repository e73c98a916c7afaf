// The playground: fields to variables, variables over a WebSocket, the answer as it comes.
(() => {
  const form = document.getElementById("variables");
  document.getElementById("which").addEventListener("change", (event) => event.currentTarget.submit());
  const stop = document.getElementById("stop");
  const store = `gatehouse-playground-${form.dataset.prompt}`;
  const sides = ["a", "b"].filter((side) => form.dataset[side]);
  const running = new Set();
  let socket = null;

  const part = (side, name) => document.querySelector(`[data-side="${side}"] [data-${name}]`);
  const kept = JSON.parse(sessionStorage.getItem(store) || "{}");
  for (const field of form.querySelectorAll("[data-type]")) if (field.name in kept) field.value = kept[field.name];

  function valueOf(field) {
    if (field.dataset.type === "string") return field.value;
    if (field.dataset.type === "integer" || field.dataset.type === "number") return Number(field.value);
    return JSON.parse(field.value);
  }

  function variables() {
    const values = {};
    let isGood = true;
    for (const field of form.querySelectorAll("[data-type]")) {
      const error = form.querySelector(`[data-error="${field.name}"]`);
      error.textContent = "";
      if (field.value === "") continue;
      try {
        values[field.name] = valueOf(field);
      } catch {
        error.textContent = "Write this as JSON.";
        isGood = false;
      }
    }
    sessionStorage.setItem(store, JSON.stringify(Object.fromEntries([...form.querySelectorAll("[data-type]")].map((each) => [each.name, each.value]))));
    return isGood ? values : null;
  }

  function connect() {
    return new Promise((resolve, reject) => {
      if (socket?.readyState === WebSocket.OPEN) return resolve();
      socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws/admin/playground`);
      socket.onopen = resolve;
      socket.onerror = reject;
      socket.onmessage = (event) => take(JSON.parse(event.data));
      socket.onclose = () => [...running].forEach((side) => fail(side, "The connection was lost. Run it again."));
    });
  }

  function turns(list) {
    const box = document.createElement("div");
    for (const turn of list) {
      const one = box.appendChild(document.createElement("div"));
      one.className = `gh-turn gh-${turn.role}`;
      const role = one.appendChild(document.createElement("div"));
      role.className = "gh-role";
      role.textContent = turn.role[0].toUpperCase() + turn.role.slice(1);
      const said = one.appendChild(document.createElement("div"));
      said.className = "gh-said";
      said.textContent = turn.text;
    }
    return box;
  }

  function facts(side, rows) {
    const list = part(side, "facts");
    for (const [name, value] of rows) {
      list.appendChild(document.createElement("dt")).textContent = name;
      list.appendChild(document.createElement("dd")).textContent = value;
    }
  }

  function note(text) {
    const box = document.createElement("p");
    box.className = "gh-empty";
    box.textContent = text;
    return box;
  }

  function end(side, state) {
    running.delete(side);
    part(side, "state").textContent = state;
    stop.hidden = running.size === 0;
  }

  function fail(side, message) {
    const box = part(side, "problem");
    box.hidden = false;
    box.textContent = message;
    end(side, "failed");
  }

  function take(message) {
    const { side, type } = message;
    if (type === "rendered") {
      part(side, "rendered").replaceChildren(turns(message.turns));
      part(side, "after").hidden = false;
    } else if (type === "start") {
      part(side, "state").textContent = "answering";
      part(side, "answer").textContent = "";
    } else if (type === "delta") {
      part(side, "answer").append(message.text);
    } else if (type === "end") {
      const contract = message.contract ? [["Output contract", `${message.contract.outcome}${message.contract.rounds > 1 ? `, ${message.contract.rounds} rounds` : ""}`]] : [];
      const sources = message.sources?.length ? [["Sources", [...new Set(message.sources.map((each) => each.name ?? each.document))].join(", ")]] : [];
      facts(side, [
        ["Tokens", `${message.usage.input_tokens + message.usage.cache_read_tokens + message.usage.cache_write_tokens} in, ${message.usage.output_tokens} out`],
        ["Cost", `$${message.cost_usd}`],
        ["Time", `${Math.round(message.duration_ms)} ms`],
        ...contract,
        ...sources,
      ]);
      end(side, message.finish_reason === "length" ? "cut off at its limit of tokens" : "done");
    } else if (type === "error") {
      fail(side, message.message);
    } else if (type === "record") {
      facts(side, [
        ...(message.first_token_ms ? [["First words after", `${Math.round(message.first_token_ms)} ms`]] : []),
        ["Personal data", message.findings.length ? message.findings.map(([kind, count]) => `${kind} (${count})`).join(", ") : "none found"],
      ]);
      part(side, "masked").replaceChildren(message.masked ? turns(message.masked) : note("Not stored: the privacy policy keeps no text of this call."));
      const table = document.createElement("table");
      table.className = "gh-table gh-figures";
      for (const [name, ms, outcome] of message.stages) {
        const row = table.insertRow();
        row.insertCell().textContent = name;
        row.insertCell().textContent = `${ms} ms`;
        row.insertCell().textContent = outcome === "ok" ? "" : outcome;
      }
      part(side, "stages").replaceChildren(table);
      const link = part(side, "facts").appendChild(document.createElement("dt"));
      link.textContent = "On record";
      const place = part(side, "facts").appendChild(document.createElement("dd")).appendChild(document.createElement("a"));
      place.href = `/admin/governance/auditrecord/${message.call_id}/change/`;
      place.className = "gh-link";
      place.textContent = "the call";
    }
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const values = variables();
    if (!values) return;
    try {
      await connect();
    } catch {
      sides.forEach((side) => fail(side, "The playground can't be reached. Reload the page and try again."));
      return;
    }
    for (const side of sides) {
      running.add(side);
      part(side, "answer").textContent = "";
      part(side, "facts").replaceChildren();
      part(side, "problem").hidden = true;
      part(side, "state").textContent = "asking";
      socket.send(JSON.stringify({ side, prompt: Number(form.dataset.prompt), version: Number(form.dataset[side]), variables: values }));
    }
    stop.hidden = false;
  });

  document.getElementById("save-case")?.addEventListener("click", async () => {
    const values = variables();
    if (!values) return;
    const keep = document.getElementById("keep");
    const kept = document.getElementById("kept");
    const body = { test_set: document.getElementById("test-set").value, variables: values, expected: document.getElementById("expected").value };
    const headers = { "content-type": "application/json", "x-csrftoken": form.querySelector("[name=csrfmiddlewaretoken]").value };
    try {
      const answer = await fetch(keep.dataset.url, { method: "POST", headers, body: JSON.stringify(body) });
      kept.textContent = (await answer.json()).message;
    } catch {
      kept.textContent = "It could not be kept. Try again.";
    }
  });

  stop.addEventListener("click", () => {
    for (const side of [...running]) {
      socket.send(JSON.stringify({ side, stop: true }));
      end(side, "stopped");
    }
  });
})();
