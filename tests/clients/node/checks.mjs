// What a client's script says of its checks: a line of JSON for each, as checks.py of the folder beside does.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const { env } = process;
export const URL_ = env.GATEHOUSE_URL;
export const KEY = env.GATEHOUSE_KEY;
export const SONNET = "claude-sonnet-4-5";
export const SONNET_ID = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";
export const TITAN = "amazon.titan-embed-text-v2:0";
export const WEATHER = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };

function say(members) {
  process.stdout.write(JSON.stringify(members) + "\n");
}

export function versions(...names) {
  const modules = join(dirname(fileURLToPath(import.meta.url)), "node_modules");
  const version = (name) => JSON.parse(readFileSync(join(modules, name, "package.json"))).version;
  say({ versions: Object.fromEntries(names.map((name) => [name, version(name)])) });
}

// A check holds where `run` throws nothing and answers something true; with `refused`, where it throws an error that
// says so: what Bedrock can't do is refused by name.
export async function check(name, run, { refused = "" } = {}) {
  try {
    const found = await run();
    const text = JSON.stringify(found) ?? "undefined";
    say({ check: name, outcome: found && !refused ? "works" : "failed", text: text.slice(0, 200) });
  } catch (error) {
    const text = `${error?.name}: ${error?.message} ${error?.responseBody ?? ""}`;
    if (refused && text.includes(refused)) say({ check: name, outcome: "refused", text: text.slice(0, 300) });
    else say({ check: name, outcome: "failed", text: text.slice(0, 600), trace: String(error?.stack).slice(0, 1500) });
  }
}

export async function simulated(...scripts) {
  await fetch(env.GATEHOUSE_SIMULATOR + "/_simulator/replies", { method: "PUT", body: JSON.stringify(scripts) });
}

// The model asks for two calls of a tool at once, then answers.
export async function twoCalls(name = "weather") {
  const content = ["Bern", "Oslo"].map((city) => ({ toolUse: { toolUseId: `tooluse_${city}`, name, input: { city } } }));
  await simulated({ content, stop_reason: "tool_use" }, { text: "Bern 12, Oslo 3." });
}

export const PNG =
  "iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAEklEQVR4nGP4z8CAFWEXHbQSACj/P8Fu7N9hAAAAAElFTkSuQmCC";
