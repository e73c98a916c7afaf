"""Guardrails of a Converse call: what they block, and the trace that tells of it."""

from typing import Any

from embedded.simulator.errors import invalid
from embedded.simulator.guardrails import guardrail_response
from embedded.simulator.reply_blocks import ReplyBlock, SimulatedReply
from embedded.simulator.shapes import string
from embedded.simulator.tokens import pieces
from embedded.simulator.turns import SimulatedTurn


def guard(turn: SimulatedTurn, reply: SimulatedReply) -> None:
    """Looks at what the user said and at the answer's text, if the caller asks for it. Raises AwsError (400, 429)."""
    config = turn.guardrail
    if not config:
        return
    identifier, version = string(config.get("guardrailIdentifier")), string(config.get("guardrailVersion"))
    if not identifier or not version:
        raise invalid("The guardrailConfig field must have a guardrailIdentifier and a guardrailVersion.")
    said = "".join(block.text for block in reply.blocks if block.tool is None and block.raw is None)
    asked_for = _looked_at(identifier, version, "INPUT", turn.last_user_text)
    answered = _looked_at(identifier, version, "OUTPUT", said)
    trace: dict[str, Any] = {"modelOutput": [said]}
    for name, found in (("inputAssessment", asked_for), ("outputAssessments", answered)):
        if found is None:
            continue
        each = found["assessments"]
        trace[name] = {identifier: each[0] if name == "inputAssessment" else each}
        trace["actionReason"] = found["actionReason"]
        if found["actionReason"] == "Guardrail blocked." and reply.stop_reason != "guardrail_intervened":
            reply.blocks = [ReplyBlock(list(pieces(found["outputs"][0]["text"])))]
            reply.stop_reason = "guardrail_intervened"
    if config.get("trace") in ("enabled", "enabled_full"):
        reply.trace = trace


def _looked_at(identifier: str, version: str, source: str, text: str) -> dict[str, Any] | None:
    if not text.strip():
        return None
    body = {"source": source, "content": [{"text": {"text": text}}], "outputScope": "FULL"}
    return guardrail_response(identifier, version, body)
