"""PURE: the makers' own SDKs.

Sources: README of openai-python, openai-node, anthropic-sdk-python and -typescript; AWS SDKs and Tools Reference Guide,
"Service-specific endpoints"; botocore.auth.BearerAuth, which wants https; llm.datasette.io, OpenAI-compatible models.
"""

from accounts.policy.clients.client import Client, Lines

_OPENAI_TAGS = (
    "`user`, `safety_identifier` and `prompt_cache_key` are end users where the team's “End users from” names them; "
    "`prompt_cache_key` is a session where “Sessions from” names it. Or say it in headers: `X-Gatehouse-End-User`, `X-Gatehouse-Session`."
)
_ANTHROPIC_TAGS = (
    "`metadata.user_id` is the end user where the team's “End users from” names it. Or say it in headers: "
    "`X-Gatehouse-End-User`, `X-Gatehouse-Session`."
)
_AWS_TAGS = (
    "The SDK says nothing of them. Add headers to requests where you need them: `X-Gatehouse-End-User`, "
    "`X-Gatehouse-Session`; they may be left unsigned."
)
_KEY_ID = (
    "The key is the access key id; the secret and the region may be any. `AWS_BEARER_TOKEN_BEDROCK` takes the key, too, but "
    "AWS's SDKs send bearer tokens to https addresses alone, and where it is set it goes before the access key."
)

CURL = Client(
    "curl",
    "curl",
    (
        Lines(
            "A terminal",
            "bash",
            """\
curl «URL»/v1/chat/completions \\
  -H "Authorization: Bearer «KEY»" \\
  -H "Content-Type: application/json" \\
  -d '{"model": "«MODEL»", "messages": [{"role": "user", "content": "Hello"}]}'""",
        ),
    ),
    "By headers: `X-Gatehouse-End-User`, `X-Gatehouse-Session`.",
)

LLM = Client(
    "llm",
    "llm",
    (
        Lines(
            'extra-openai-models.yaml, in the folder that `dirname "$(llm logs path)"` names',
            "yaml",
            """\
- model_id: gatehouse
  model_name: "«MODEL»"
  api_base: "«URL»/v1"
  api_key_name: gatehouse
  supports_tools: true
  supports_schema: true
  vision: true
  reasoning: true""",
        ),
        Lines(
            "A terminal",
            "bash",
            """\
llm keys set gatehouse --value "«KEY»"
llm -m gatehouse "Hello\"""",
        ),
        Lines(
            "A terminal, for Claude by Anthropic's wire (llm install llm-anthropic)",
            "bash",
            """\
export ANTHROPIC_BASE_URL="«URL»"
export ANTHROPIC_API_KEY="«KEY»"
llm -m claude-sonnet-4.5 "Hello\"""",
        ),
    ),
    "It says nothing of them: give each person a key.",
    "`responses: true` in the file calls Responses. `llm anthropic refresh` adds the models that the key may call.",
)

OPENAI_PYTHON = Client(
    "openai-python",
    "OpenAI SDK, Python",
    (
        Lines(
            "Python",
            "python",
            """\
from openai import OpenAI

client = OpenAI(base_url="«URL»/v1", api_key="«KEY»")
answer = client.chat.completions.create(
    model="«MODEL»",
    messages=[{"role": "user", "content": "Hello"}],
)
print(answer.choices[0].message.content)""",
        ),
    ),
    _OPENAI_TAGS,
    "`client.responses` works the same. `OPENAI_BASE_URL` and `OPENAI_API_KEY` do without the two arguments.",
)

OPENAI_NODE = Client(
    "openai-node",
    "OpenAI SDK, Node",
    (
        Lines(
            "JavaScript",
            "javascript",
            """\
import OpenAI from "openai";

const client = new OpenAI({ baseURL: "«URL»/v1", apiKey: "«KEY»" });
const answer = await client.chat.completions.create({
  model: "«MODEL»",
  messages: [{ role: "user", content: "Hello" }],
});
console.log(answer.choices[0].message.content);""",
        ),
    ),
    _OPENAI_TAGS,
    "`client.responses` works the same. `OPENAI_BASE_URL` and `OPENAI_API_KEY` do without the two options.",
)

ANTHROPIC_PYTHON = Client(
    "anthropic-python",
    "Anthropic SDK, Python",
    (
        Lines(
            "Python",
            "python",
            """\
from anthropic import Anthropic

client = Anthropic(base_url="«URL»", api_key="«KEY»")
answer = client.messages.create(
    model="«MODEL»",
    max_tokens=1000,
    messages=[{"role": "user", "content": "Hello"}],
)
print(answer.content[0].text)""",
        ),
    ),
    _ANTHROPIC_TAGS,
    "The address has no `/v1` here: the SDK adds it. `ANTHROPIC_BASE_URL` and `ANTHROPIC_API_KEY` do without the two arguments.",
)

ANTHROPIC_NODE = Client(
    "anthropic-node",
    "Anthropic SDK, Node",
    (
        Lines(
            "JavaScript",
            "javascript",
            """\
import Anthropic from "@anthropic-ai/sdk";

const client = new Anthropic({ baseURL: "«URL»", apiKey: "«KEY»" });
const answer = await client.messages.create({
  model: "«MODEL»",
  max_tokens: 1000,
  messages: [{ role: "user", content: "Hello" }],
});
console.log(answer.content[0].text);""",
        ),
    ),
    _ANTHROPIC_TAGS,
    "The address has no `/v1` here: the SDK adds it.",
)

BOTO3 = Client(
    "boto3",
    "boto3",
    (
        Lines(
            "Python",
            "python",
            """\
import boto3

client = boto3.client(
    "bedrock-runtime",
    endpoint_url="«URL»/bedrock",
    region_name="us-east-1",
    aws_access_key_id="«KEY»",
    aws_secret_access_key="unused",
)
answer = client.converse(
    modelId="«MODEL»",
    messages=[{"role": "user", "content": [{"text": "Hello"}]}],
)
print(answer["output"]["message"]["content"][0]["text"])""",
        ),
    ),
    _AWS_TAGS,
    _KEY_ID,
)

AWS_NODE = Client(
    "aws-sdk-js",
    "AWS SDK for JavaScript",
    (
        Lines(
            "JavaScript",
            "javascript",
            """\
import { BedrockRuntimeClient, ConverseCommand } from "@aws-sdk/client-bedrock-runtime";

const client = new BedrockRuntimeClient({
  endpoint: "«URL»/bedrock",
  region: "us-east-1",
  credentials: { accessKeyId: "«KEY»", secretAccessKey: "unused" },
});
const answer = await client.send(
  new ConverseCommand({
    modelId: "«MODEL»",
    messages: [{ role: "user", content: [{ text: "Hello" }] }],
  }),
);
console.log(answer.output.message.content[0].text);""",
        ),
    ),
    _AWS_TAGS,
    f"It speaks HTTP/2, which Gatehouse takes on the same port. {_KEY_ID}",
)

AWS_GO = Client(
    "aws-sdk-go",
    "AWS SDK for Go",
    (
        Lines(
            "Go",
            "go",
            """\
package main

import (
	"context"
	"fmt"
	"log"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"
)

func main() {
	client := bedrockruntime.New(bedrockruntime.Options{
		BaseEndpoint: aws.String("«URL»/bedrock"),
		Region:       "us-east-1",
		Credentials:  credentials.NewStaticCredentialsProvider("«KEY»", "unused", ""),
	})
	answer, err := client.Converse(context.Background(), &bedrockruntime.ConverseInput{
		ModelId: aws.String("«MODEL»"),
		Messages: []types.Message{{
			Role:    types.ConversationRoleUser,
			Content: []types.ContentBlock{&types.ContentBlockMemberText{Value: "Hello"}},
		}},
	})
	if err != nil {
		log.Fatal(err)
	}
	message := answer.Output.(*types.ConverseOutputMemberMessage).Value
	fmt.Println(message.Content[0].(*types.ContentBlockMemberText).Value)
}""",
        ),
    ),
    _AWS_TAGS,
    _KEY_ID,
)

SDKS = (CURL, LLM, OPENAI_PYTHON, OPENAI_NODE, ANTHROPIC_PYTHON, ANTHROPIC_NODE, BOTO3, AWS_NODE, AWS_GO)
