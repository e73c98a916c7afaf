// openai-node, with OPENAI_BASE_URL and OPENAI_API_KEY.
import OpenAI from "openai";
import { zodResponseFormat, zodTextFormat } from "openai/helpers/zod";
import { z } from "zod";
import { check, PNG, SONNET, twoCalls, versions, WEATHER } from "./checks.mjs";

const client = new OpenAI();
const messages = [{ role: "user", content: "How warm is it in Bern?" }];
const tools = [{ type: "function", function: { name: "weather", parameters: WEATHER } }];
const ask = (members = {}) => client.chat.completions.create({ model: SONNET, messages, ...members });
const City = z.object({ city: z.string(), degrees: z.number() });

async function stream() {
  let text = "";
  for await (const chunk of await ask({ stream: true })) text += chunk.choices[0]?.delta?.content ?? "";
  return text;
}

async function parallel() {
  await twoCalls();
  const runner = client.chat.completions.runTools({
    model: SONNET,
    messages,
    tools: [{ type: "function", function: { name: "weather", parameters: WEATHER, parse: JSON.parse, function: () => "12" } }],
  });
  return (await runner.finalContent()) === "Bern 12, Oslo 3.";
}

async function errors() {
  try {
    await ask({ model: "nothing-such" });
  } catch (error) {
    return error instanceof OpenAI.NotFoundError && error.requestID;
  }
}

async function responsesStream() {
  const kinds = [];
  for await (const event of client.responses.stream({ model: SONNET, input: "Hello" })) kinds.push(event.type);
  return kinds.at(-1) === "response.completed";
}

const image = { type: "image_url", image_url: { url: `data:image/png;base64,${PNG}` } };
versions("openai");
await check("chat", async () => (await ask()).choices[0].message.content);
await check("stream", stream);
await check("tools", async () => (await ask({ tools })).choices[0].message.tool_calls.length);
await check("parallel tools", parallel);
await check("structured", async () => {
  const answer = await client.chat.completions.parse({ model: SONNET, messages, response_format: zodResponseFormat(City, "city") });
  return answer.choices[0].message.parsed.city;
});
await check("images", async () =>
  (await ask({ messages: [{ role: "user", content: [{ type: "text", text: "What?" }, image] }] })).choices[0].message.content);
await check("embeddings", async () => (await client.embeddings.create({ model: "titan-embed-text-v2", input: ["a", "b"] })).data[1].embedding.length);
await check("models", async () => (await client.models.list()).data.length);
await check("errors", errors);
await check("responses", async () => (await client.responses.create({ model: SONNET, input: "Hello" })).output_text);
await check("responses: stream", responsesStream);
await check("responses: structured", async () =>
  (await client.responses.parse({ model: SONNET, input: "Bern?", text: { format: zodTextFormat(City, "city") } })).output_parsed.city);
