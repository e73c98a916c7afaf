"""Bedrock Knowledge Bases, simulated: Retrieve and RetrieveAndGenerate over a few passages, by the local embeddings."""

import re
from dataclasses import dataclass
from typing import Any

from embedded.simulator import embeddings
from embedded.simulator.errors import AwsError, constraint, invalid
from embedded.simulator.inventory import KNOWLEDGE_BASE
from embedded.simulator.models import Models, require_text
from embedded.simulator.shapes import integer, mapping, string

BUILT_IN = KNOWLEDGE_BASE
_IDENTIFIER = re.compile(r"[0-9a-zA-Z]{10}")
_DIMENSIONS = 256
_MAX_RESULTS = 100
_PASSAGES = (
    (
        "Employees have thirty days of paid holiday a year, and may carry five of them over into the next.",
        "leave.md",
    ),
    (
        "Whoever is ill tells the team before nine and brings a doctor's note from the third day on.",
        "sickness.md",
    ),
    ("Trains are booked through the travel office. Flights need the approval of a manager.", "travel.md"),
    ("Laptops are replaced every four years. Broken ones are brought to the service desk.", "equipment.md"),
    ("Invoices are paid within fourteen days once two people have approved them.", "invoices.md"),
)


@dataclass(frozen=True, slots=True)
class _Passage:
    text: str
    uri: str
    vector: list[float]


class SimulatedKnowledge:
    """Passages by knowledge base."""

    def __init__(self) -> None:
        self._bases: dict[str, list[_Passage]] = {}

    def reset(self) -> None:
        """The built-in one alone."""
        self._bases = {}

    def put(self, base_id: str, passages: list[dict[str, str]]) -> None:
        """Makes or replaces a base. TypeError or KeyError for what isn't a list of texts with addresses."""
        self._bases[base_id] = [_passage(each["text"], each["uri"]) for each in passages]

    def describe(self) -> dict[str, Any]:
        """Its passages, by base."""
        self._of(BUILT_IN)
        return {
            base_id: [{"text": each.text, "uri": each.uri} for each in passages]
            for base_id, passages in self._bases.items()
        }

    def retrieve(self, base_id: str, body: dict[str, Any]) -> dict[str, Any]:
        """The answer to a Retrieve body. Raises AwsError (400, 404)."""
        question = string(mapping(body.get("retrievalQuery")).get("text"))
        return {
            "retrievalResults": self._found(base_id, question, mapping(body.get("retrievalConfiguration")))
        }

    def generate(self, body: dict[str, Any], models: Models) -> dict[str, Any]:
        """The answer to a RetrieveAndGenerate body: the best passage, said again. Raises AwsError (400, 404)."""
        asked = mapping(body.get("retrieveAndGenerateConfiguration"))
        how = mapping(asked.get("knowledgeBaseConfiguration"))
        if string(asked.get("type")) != "KNOWLEDGE_BASE" or not how:
            raise invalid("The simulator generates from knowledge bases alone: type must be KNOWLEDGE_BASE.")
        require_text(models.resolve(string(how.get("modelArn"))))
        question = string(mapping(body.get("input")).get("text"))
        found = self._found(
            string(how.get("knowledgeBaseId")), question, mapping(how.get("retrievalConfiguration"))
        )
        said = found[0]["content"]["text"] if found else "Sorry, I am unable to assist you with this request."
        text = f"[simulated] {said}"
        part = {"textResponsePart": {"text": text, "span": {"start": 0, "end": max(len(text) - 1, 0)}}}
        citations = [
            {"generatedResponsePart": part, "retrievedReferences": [_reference(each) for each in found[:1]]}
        ]
        return {
            "sessionId": string(body.get("sessionId")) or "5d3a0c5e-0000-4000-8000-000000000000",
            "output": {"text": text},
            "citations": citations,
        }

    def _found(self, base_id: str, question: str, how: dict[str, Any]) -> list[dict[str, Any]]:
        if not question:
            raise constraint(question, "retrievalQuery.text", "have length greater than or equal to 1")
        number = integer(mapping(how.get("vectorSearchConfiguration")).get("numberOfResults"))
        number = 5 if number is None else number
        if not 1 <= number <= _MAX_RESULTS:
            raise constraint(number, "numberOfResults", f"be between 1 and {_MAX_RESULTS}")
        vector = embeddings.vector(question, _DIMENSIONS)
        scored = [(_dot(vector, each.vector), each) for each in self._of(base_id)]
        scored.sort(key=lambda pair: -pair[0])
        return [_result(base_id, score, each) for score, each in scored[:number]]

    def _of(self, base_id: str) -> list[_Passage]:
        if not _IDENTIFIER.fullmatch(base_id):
            raise constraint(base_id, "knowledgeBaseId", "satisfy regular expression pattern: [0-9a-zA-Z]+")
        if base_id == BUILT_IN and base_id not in self._bases:
            self._bases[base_id] = [_passage(text, f"s3://simulated/{name}") for text, name in _PASSAGES]
        if base_id not in self._bases:
            message = f"Knowledge Base with id {base_id} does not exist"
            raise AwsError("ResourceNotFoundException", 404, message)
        return self._bases[base_id]


def _passage(text: str, uri: str) -> _Passage:
    return _Passage(text, uri, embeddings.vector(text, _DIMENSIONS))


def _dot(one: list[float], other: list[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))


def _result(base_id: str, score: float, passage: _Passage) -> dict[str, Any]:
    return {
        "content": {"text": passage.text, "type": "TEXT"},
        "location": {"type": "S3", "s3Location": {"uri": passage.uri}},
        "metadata": {"x-amz-bedrock-kb-source-uri": passage.uri, "x-amz-bedrock-kb-data-source-id": base_id},
        "score": round(min(max(score, 0.0), 1.0), 6),
    }


def _reference(result: dict[str, Any]) -> dict[str, Any]:
    return {name: result[name] for name in ("content", "location", "metadata")}
