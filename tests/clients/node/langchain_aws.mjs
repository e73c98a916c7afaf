// @langchain/aws with AWS's variables: its client is AWS's Node SDK with that one's defaults.
import { BedrockEmbeddings, ChatBedrockConverse } from "@langchain/aws";
import { tool } from "@langchain/core/tools";
import { ToolMessage } from "@langchain/core/messages";
import { z } from "zod";
import { check, SONNET_ID, TITAN, twoCalls, versions } from "./checks.mjs";

const model = new ChatBedrockConverse({ model: SONNET_ID });
const weather = tool(async () => "12", { name: "weather", description: "Weather", schema: z.object({ city: z.string() }) });

async function parallel() {
  await twoCalls();
  const bound = model.bindTools([weather]);
  const first = await bound.invoke("How warm is it?");
  const results = first.tool_calls.map((call) => new ToolMessage({ content: "12", tool_call_id: call.id }));
  return first.tool_calls.length === 2 && (await bound.invoke([["human", "How warm?"], first, ...results])).content;
}

versions("@langchain/aws");
await check("chat", async () => (await model.invoke("Hello")).content);
await check("stream", async () => {
  let text = "";
  for await (const piece of await model.stream("Hello")) text += piece.text ?? piece.content;
  return text;
});
await check("parallel tools", parallel);
await check("structured", async () => (await model.withStructuredOutput(z.object({ city: z.string() })).invoke("Bern?")).city);
await check("embeddings", async () => (await new BedrockEmbeddings({ model: TITAN }).embedDocuments(["a", "b"])).length === 2);
