// AWS's Node SDK with its defaults, HTTP/2 among them: Converse, InvokeModel, their streams, many calls on one client.
import {
  BedrockRuntimeClient,
  ConverseCommand,
  ConverseStreamCommand,
  InvokeModelCommand,
  InvokeModelWithResponseStreamCommand,
} from "@aws-sdk/client-bedrock-runtime";
import { check, PNG, SONNET_ID, TITAN, twoCalls, versions, WEATHER } from "./checks.mjs";

const client = new BedrockRuntimeClient();
const messages = [{ role: "user", content: [{ text: "How warm is it in Bern?" }] }];
const toolConfig = { tools: [{ toolSpec: { name: "weather", inputSchema: { json: WEATHER } } }] };
const ask = (members = {}) => client.send(new ConverseCommand({ modelId: SONNET_ID, messages, ...members }));
const text = (answer) => answer.output.message.content.map((block) => block.text ?? "").join("");
const decode = (bytes) => JSON.parse(new TextDecoder().decode(bytes));

async function stream(members = {}) {
  const answer = await client.send(new ConverseStreamCommand({ modelId: SONNET_ID, messages, ...members }));
  const events = [];
  for await (const event of answer.stream) events.push(event);
  return events;
}

async function invoke(modelId, body) {
  const answer = await client.send(new InvokeModelCommand({ modelId, body: JSON.stringify(body) }));
  return decode(answer.body);
}

const CLAUDE = { anthropic_version: "bedrock-2023-05-31", max_tokens: 99, messages: [{ role: "user", content: "Hello" }] };

async function invokeStream() {
  const answer = await client.send(
    new InvokeModelWithResponseStreamCommand({ modelId: SONNET_ID, body: JSON.stringify(CLAUDE) }),
  );
  const kinds = [];
  for await (const event of answer.body) kinds.push(decode(event.chunk.bytes).type);
  return kinds[0] === "message_start" && kinds.at(-1) === "message_stop";
}

async function parallel() {
  await twoCalls();
  const first = (await ask({ toolConfig })).output.message;
  const ids = first.content.map((block) => block.toolUse.toolUseId);
  const results = ids.map((toolUseId) => ({ toolResult: { toolUseId, content: [{ text: "12" }] } }));
  const history = [...messages, first, { role: "user", content: results }];
  return ids.length === 2 && text(await ask({ messages: history, toolConfig }));
}

// Some front ends that speak HTTP/2 lose bodies now and then: one call says nothing.
async function many() {
  const calls = Array.from({ length: 60 }, async (_, number) => {
    if (number % 2) return (await stream()).at(-1).metadata.usage.outputTokens;
    return text(await ask()).length;
  });
  return (await Promise.all(calls)).every((count) => count > 0);
}

async function inARow() {
  for (let number = 0; number < 30; number += 1) if (!text(await ask())) return false;
  return true;
}

async function errors() {
  try {
    await ask({ modelId: "nothing.such-v1:0" });
  } catch (error) {
    return error.name === "ResourceNotFoundException" && error.$metadata.requestId;
  }
}

const image = { image: { format: "png", source: { bytes: Buffer.from(PNG, "base64") } } };
versions("@aws-sdk/client-bedrock-runtime");
await check("chat", async () => text(await ask()));
await check("stream", async () => (await stream()).at(-1).metadata.usage.outputTokens);
await check("tools", async () => (await stream({ toolConfig })).some((event) => event.contentBlockStart?.start?.toolUse));
await check("parallel tools", parallel);
await check("images", async () => text(await ask({ messages: [{ role: "user", content: [{ text: "What?" }, image] }] })));
await check("embeddings", async () => (await invoke(TITAN, { inputText: "Hello" })).embedding.length);
await check("InvokeModel", async () => (await invoke(SONNET_ID, CLAUDE)).content[0].text);
await check("InvokeModel: stream", invokeStream);
await check("errors", errors);
await check("60 calls at once", many);
await check("30 calls in a row", inARow);
await check("ARN", async () =>
  text(await ask({ modelId: `arn:aws:bedrock:us-east-1:123456789012:inference-profile/${SONNET_ID}` })));
client.destroy();
