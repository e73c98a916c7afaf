"""Bedrock Knowledge Bases: passages that Retrieve finds, and answers that RetrieveAndGenerate makes of them.

Source: "Retrieve" and "RetrieveAndGenerate" in the Agents for Amazon Bedrock Runtime API reference.
"""

from typing import Any, TypeVar
from urllib.parse import quote

import msgspec

from gateway.providers.bedrock.client import Attempt, BedrockClient
from gateway.providers.bedrock.errors import error_type, refusal_of
from gateway.refusals import Refusal
from kernel.tokenizer import count_tokens
from prompts.knowledge.policy.knowledge import Candidate, GroundedAnswer

SERVICE = "bedrock-agent-runtime"
"""What the client that this is given must be for."""
_MAX_RESULTS = 100
_Kind = TypeVar("_Kind")
_NO_TEXT = ""


class _Content(msgspec.Struct):
    text: str = _NO_TEXT


class _Result(msgspec.Struct):
    content: _Content = msgspec.field(default_factory=_Content)
    location: dict[str, Any] = {}
    score: float = 0.0


class _Retrieved(msgspec.Struct, rename="camel"):
    retrieval_results: list[_Result]


class _Citation(msgspec.Struct, rename="camel"):
    retrieved_references: list[_Result] = []


class _Output(msgspec.Struct):
    text: str = _NO_TEXT


class _Generated(msgspec.Struct, rename="camel"):
    output: _Output
    citations: list[_Citation] = []


class KnowledgeBases:
    """Knowledge bases of this account, searched over the gateway's own transport. One for all calls."""

    def __init__(self, client: BedrockClient, *, timeout_seconds: float = 15.0) -> None:
        self._client = client
        self._timeout_seconds = timeout_seconds

    async def retrieve(
        self, text: str, *, base_id: int, bedrock_id: str, region: str, number: int
    ) -> list[Candidate]:
        """The passages it finds for a question, the best first; their similarity is Bedrock's score. Raises Refusal."""
        body = {
            "retrievalQuery": {"text": text},
            "retrievalConfiguration": {
                "vectorSearchConfiguration": {"numberOfResults": min(number, _MAX_RESULTS)}
            },
        }
        path = f"/knowledgebases/{quote(bedrock_id, safe='')}/retrieve"
        found = await self._ask(path, region, body, _Retrieved)
        return _candidates(found.retrieval_results, base_id)

    async def retrieve_and_generate(
        self, text: str, *, base_id: int, bedrock_id: str, region: str, model: str, number: int
    ) -> GroundedAnswer:
        """An answer that Bedrock makes of what it finds, with what it cites. Raises Refusal.

        `model` is what Bedrock takes as a model's ARN: also the id of a model or of an inference profile.
        """
        retrieval = {"vectorSearchConfiguration": {"numberOfResults": min(number, _MAX_RESULTS)}}
        body = {
            "input": {"text": text},
            "retrieveAndGenerateConfiguration": {
                "type": "KNOWLEDGE_BASE",
                "knowledgeBaseConfiguration": {
                    "knowledgeBaseId": bedrock_id,
                    "modelArn": model,
                    "retrievalConfiguration": retrieval,
                },
            },
        }
        made = await self._ask("/retrieveAndGenerate", region, body, _Generated)
        cited = [result for citation in made.citations for result in citation.retrieved_references]
        return GroundedAnswer(made.output.text, tuple(_candidates(cited, base_id)))

    async def retrieve_as_asked(
        self, body: dict[str, Any], *, bedrock_id: str, region: str
    ) -> dict[str, Any]:
        """The answer to a body of Retrieve, as it comes. Raises Refusal."""
        found = await self._ask(f"/knowledgebases/{quote(bedrock_id, safe='')}/retrieve", region, body, dict)
        return found

    async def _ask(self, path: str, region: str, body: dict[str, Any], kind: type[_Kind]) -> _Kind:
        attempt = Attempt(region, "", self._timeout_seconds)
        async with self._client.post(attempt, path, msgspec.json.encode(body)) as answer:
            status, problem = answer.status, error_type(answer.header("x-amzn-errortype"))
            content = await answer.read()
        if status == 404 or problem == "ResourceNotFoundException":
            raise Refusal(
                "not_found",
                f"There is no such knowledge base in {region}. Check its id and region.",
                param="knowledgeBaseId",
            )
        if status != 200:
            raise refusal_of(kind=problem, status=status, body=content, region=region)
        try:
            return msgspec.json.decode(content, type=kind)
        except msgspec.MsgspecError as error:
            message = f"The knowledge base in {region} sent an answer that can't be read."
            raise Refusal("upstream_error", message) from error


def _candidates(results: list[_Result], base_id: int) -> list[Candidate]:
    return [
        Candidate(
            chunk_id=None,
            base_id=base_id,
            document_id=None,
            document=_address(result.location),
            version=None,
            headings="",
            text=result.content.text,
            tokens=count_tokens(result.content.text),
            similarity=result.score,
            by_vector=rank,
        )
        for rank, result in enumerate((each for each in results if each.content.text.strip()), 1)
    ]


def _address(location: dict[str, Any]) -> str:
    """Where a passage is from, whatever kind of source it is."""
    for part in location.values():
        if isinstance(part, dict):
            for name in ("uri", "url", "id"):
                if isinstance(part.get(name), str):
                    return str(part[name])
    return "a document in Bedrock"
