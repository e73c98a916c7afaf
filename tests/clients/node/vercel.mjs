// Vercel's AI SDK with each of its providers, by their own variables; the compatible one is told its address.
import { createAmazonBedrock, bedrock } from "@ai-sdk/amazon-bedrock";
import { anthropic } from "@ai-sdk/anthropic";
import { openai } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import * as ai from "ai";
import { z } from "zod";
import { check, KEY, SONNET, simulated, SONNET_ID, TITAN, twoCalls, URL_, versions } from "./checks.mjs";

const { embedMany, generateText, Output, streamText, tool } = ai;
const prompt = "How warm is it in Bern?";
const weather = tool({ description: "Weather", inputSchema: z.object({ city: z.string() }), execute: async () => "12" });
const City = z.object({ city: z.string(), degrees: z.number() });
const stopWhen = (ai.isStepCount ?? ai.stepCountIs)(5);

async function checks(model, prefix) {
  const stream = async () => {
    let text = "";
    for await (const piece of streamText({ model, prompt }).textStream) text += piece;
    return text;
  };
  const parallel = async () => {
    await twoCalls();
    const answer = await generateText({ model, prompt, tools: { weather }, stopWhen });
    return answer.text === "Bern 12, Oslo 3.";
  };
  await check(`${prefix}chat`, async () => (await generateText({ model, prompt })).text);
  await check(`${prefix}stream`, stream);
  await check(`${prefix}parallel tools`, parallel);
  // The compatible provider does not send the schema unless it is told to: the model's words decide.
  if (prefix === "compatible: ") await simulated({ text: '{"city": "Bern", "degrees": 12}' });
  await check(`${prefix}structured`, async () =>
    (await generateText({ model, prompt, output: Output.object({ schema: City }) })).output.city);
}

const compatible = createOpenAICompatible({ name: "gatehouse", baseURL: `${URL_}/v1`, apiKey: KEY });
versions("ai", "@ai-sdk/openai", "@ai-sdk/anthropic", "@ai-sdk/amazon-bedrock", "@ai-sdk/openai-compatible");
await checks(openai(SONNET), "responses: ");
await checks(openai.chat(SONNET), "chat: ");
await checks(anthropic(SONNET), "anthropic: ");
await checks(bedrock(SONNET_ID), "bedrock: ");
await checks(compatible(SONNET), "compatible: ");
const values = ["a", "b"];
const embedded = async (model) => (await embedMany({ model, values })).embeddings.length === 2;
await check("openai: embeddings", () => embedded(openai.embeddingModel?.("titan-embed-text-v2") ?? openai.embedding("titan-embed-text-v2")));
await check("bedrock: embeddings", () => embedded(bedrock.embeddingModel?.(TITAN) ?? bedrock.embedding(TITAN)));
