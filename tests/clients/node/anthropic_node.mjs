// @anthropic-ai/sdk, with ANTHROPIC_BASE_URL and ANTHROPIC_API_KEY, and @anthropic-ai/bedrock-sdk.
import Anthropic from "@anthropic-ai/sdk";
import { AnthropicBedrock } from "@anthropic-ai/bedrock-sdk";
import { betaZodTool } from "@anthropic-ai/sdk/helpers/beta/zod";
import { z } from "zod";
import { check, PNG, SONNET, SONNET_ID, twoCalls, versions, WEATHER } from "./checks.mjs";

const question = [{ role: "user", content: "How warm is it in Bern?" }];
const tools = [{ name: "weather", input_schema: WEATHER }];
const text = (answer) => answer.content.map((block) => block.text ?? "").join("");

async function checks(client, model, prefix) {
  const ask = (members = {}) => client.messages.create({ model, max_tokens: 2048, messages: question, ...members });
  const stream = async (members = {}) =>
    client.messages.stream({ model, max_tokens: 2048, messages: question, ...members }).finalMessage();
  const parallel = async () => {
    await twoCalls();
    const first = await stream({ tools });
    const uses = first.content.filter((block) => block.type === "tool_use");
    const results = uses.map((use) => ({ type: "tool_result", tool_use_id: use.id, content: "12" }));
    const messages = [...question, { role: "assistant", content: first.content }, { role: "user", content: results }];
    return uses.length === 2 && text(await ask({ messages, tools })) && text(await ask({ messages }));
  };
  const image = { type: "image", source: { type: "base64", media_type: "image/png", data: PNG } };
  await check(`${prefix}chat`, async () => text(await ask()));
  await check(`${prefix}stream`, async () => text(await stream()));
  await check(`${prefix}tools`, async () => (await ask({ tools })).stop_reason === "tool_use");
  await check(`${prefix}parallel tools`, parallel);
  await check(`${prefix}images`, async () =>
    text(await ask({ messages: [{ role: "user", content: [{ type: "text", text: "What?" }, image] }] })));
  await check(`${prefix}reasoning`, async () =>
    (await stream({ thinking: { type: "enabled", budget_tokens: 1024 } })).content[0].type === "thinking");
}

const client = new Anthropic();
versions("@anthropic-ai/sdk", "@anthropic-ai/bedrock-sdk");
await checks(client, SONNET, "");
await check("tool runner", async () => {
  await twoCalls();
  const weather = betaZodTool({ name: "weather", description: "Weather", inputSchema: z.object({ city: z.string() }), run: () => "12" });
  return text(await client.beta.messages.toolRunner({ model: SONNET, max_tokens: 999, messages: question, tools: [weather] }));
});
await check("counting", async () => (await client.messages.countTokens({ model: SONNET, messages: question })).input_tokens);
await check("models", async () => (await client.models.list()).data.length);
await check("errors", async () => {
  try {
    await client.messages.create({ model: "nothing-such", max_tokens: 9, messages: question });
  } catch (error) {
    return error instanceof Anthropic.NotFoundError && error.requestID;
  }
});
await checks(new AnthropicBedrock(), SONNET_ID, "bedrock: ");
