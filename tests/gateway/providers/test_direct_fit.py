"""What becomes of requests that a provider's API can't take as they are: repaired and said, or refused by name."""

from typing import Any

import orjson
import pytest

from gateway.refusals import Refusal
from tests.gateway.providers.direct_bodies import body_of, error_of, fitted
from tests.gateway.wire.test_fit_fuzz import PNG

HI = {"role": "user", "content": "Hi"}
PDF = "JVBERi0xLjQK"
TOOL = {
    "type": "function",
    "function": {"name": "f", "parameters": {"type": "object", "properties": {"a": {"type": "array"}}}},
}
CALL = {
    "role": "assistant",
    "content": None,
    "tool_calls": [{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
}


def converse(*blocks: dict[str, Any], **members: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": [{"text": "Hi"}, *blocks]}]} | members


REPAIRED = [
    ("openai", "gpt-6.1-sol", {"model": "m", "messages": [HI], "tools": [TOOL], "reasoning_effort": "high"},
     ["reasoning_effort; taken=none", "tools[0]; adapted"], {"reasoning_effort": "none"}),
    ("openai", "gpt-6.1-sol", {"model": "m", "messages": [HI], "temperature": 0.5, "reasoning_effort": "high"},
     ["temperature; dropped"], {"reasoning_effort": "high", "temperature": None}),
    ("openai", "gpt-4.1", {"model": "m", "messages": [HI], "reasoning_effort": "high", "temperature": 0.5},
     ["reasoning_effort; dropped"], {"reasoning_effort": None, "temperature": 0.5}),
    ("openai", "gpt-4.1", {"model": "m", "messages": [HI], "tools": [TOOL], "parallel_tool_calls": False, "tool_choice": "required"},
     ["tools[0]; adapted"], {"parallel_tool_calls": False, "tool_choice": "required"}),
    ("openai", "gpt-4.1", {"model": "m", "messages": [HI, CALL, {"role": "tool", "tool_call_id": "c", "content": "7"}, HI], "tools": [TOOL], "tool_choice": "none"},
     ["tools[0]; adapted"], {"tool_choice": "none"}),
    ("anthropic", "gpt-4.1", {"model": "m", "max_tokens": 9, "messages": [HI], "thinking": {"type": "enabled", "budget_tokens": 1024}, "top_k": 5},
     ["thinking.budget_tokens; lowered", "thinking; dropped", "top_k; dropped"], {"max_completion_tokens": 9}),
    ("openai", "sonar-pro", {"model": "m", "messages": [HI], "reasoning_effort": "low"},
     ["reasoning_effort; dropped"], {"web_search_options": {"search_context_size": "low"}}),
    ("anthropic", "claude-opus-5", {"model": "m", "max_tokens": 9, "messages": [HI], "temperature": 0.5, "output_config": {"effort": "max"}},
     ["temperature; dropped"], {"output_config": {"effort": "max"}, "temperature": None}),
]  # fmt: skip


@pytest.mark.parametrize(("entrance", "name", "body", "said", "sent"), REPAIRED)
def test_it_is_repaired_and_said(entrance, name, body, said, sent):
    try:
        conversation, adjusted = fitted(entrance, name, body)
    except Refusal as refusal:
        pytest.fail(str(refusal))
    assert {each for each in said if "budget_tokens" not in each} <= set(adjusted), adjusted
    made = body_of(conversation, name)
    assert {member: made.get(member) for member in sent} == sent
    assert error_of(conversation, name) == ""


LONG_ID, SIGNED_ID = "tooluse_" + "a" * 50, "functions.Bash:0"


@pytest.mark.parametrize("name", ["gpt-4.1", "claude-opus-5"])
@pytest.mark.parametrize("given", [LONG_ID, SIGNED_ID, "call_0"])
def test_calls_of_a_conversation_that_began_elsewhere_have_ids_that_are_taken(name, given):
    """Twice the same id, too, as where they are numbered anew in each turn; and each result goes with its call."""
    turns: list[Any] = [HI]
    for result in ("7", "8"):
        function = {"name": "f", "arguments": "{}"}
        turns += [
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [{"id": given, "type": "function", "function": function}],
            },
            {"role": "tool", "tool_call_id": given, "content": result},
        ]
    conversation, adjusted = fitted("openai", name, {"model": "m", "messages": turns, "tools": [TOOL]})
    assert error_of(conversation, name) == ""
    assert any("aliased" in each for each in adjusted)
    sent = orjson.dumps(body_of(conversation, name)).decode()
    ids = [
        found.tool_use.tool_use_id
        for message in conversation.messages
        for found in message.content
        if found.tool_use
    ]
    assert len(set(ids)) == 2
    assert all(sent.count(f'"{each}"') == 2 for each in ids)


REFUSED = [
    ("openai", "gpt-4.1", {"model": "m", "messages": [HI], "stop": ["a", "b", "c", "d", "e"]}, "stop"),
    ("openai", "gpt-6.1-sol", {"model": "m", "messages": [HI], "stop": ["END"]}, "stop"),
    ("openai", "gpt-4.1", {"model": "m", "messages": [HI, {"role": "assistant", "content": "It is"}]}, "messages[1]"),
    ("openai", "sonar-pro", {"model": "m", "messages": [HI], "tools": [TOOL]}, "tools"),
    ("openai", "gpt-4.1", {"model": "m", "messages": [HI], "tools": [{"type": "function", "function": {"name": f"f{number}", "parameters": {"type": "object"}}} for number in range(129)]}, "tools"),
    ("converse", "gpt-4.1", converse({"document": {"format": "docx", "name": "a", "source": {"bytes": PDF}}}), "messages.0.content.1"),
    ("converse", "gpt-4.1", converse({"image": {"format": "png", "source": {"s3Location": {"uri": "s3://bucket/a.png"}}}}), "messages[0]"),
    ("converse", "claude-opus-5", converse({"image": {"format": "png", "source": {"s3Location": {"uri": "s3://bucket/a.png"}}}}), "messages[0]"),
    ("converse", "claude-opus-5", converse({"guardContent": {"text": {"text": "a"}}}), "messages.0.content.1"),
    ("converse", "claude-opus-5", converse(system=[{"guardContent": {"text": {"text": "a"}}}]), "system"),
    ("converse", "gpt-4.1", converse({"video": {"format": "mp4", "source": {"bytes": PDF}}}), "messages.0.content.1"),
    ("anthropic", "gpt-4.1", {"model": "m", "max_tokens": 9, "messages": [
        HI, {"role": "assistant", "content": [{"type": "tool_use", "id": "c", "name": "f", "input": {}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c", "content": [{"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": PDF}}]}]},
    ]}, "messages[2].content[0]"),
]  # fmt: skip


@pytest.mark.parametrize(("entrance", "name", "body", "where"), REFUSED)
def test_it_is_refused_by_name(entrance, name, body, where):
    with pytest.raises(Refusal) as raised:
        fitted(entrance, name, body)
    assert raised.value.status == 400
    assert raised.value.param is not None
    assert raised.value.param.startswith(where)


def test_media_and_documents_are_passed_on_in_each_form():
    blocks = (
        {"image": {"format": "png", "source": {"bytes": PNG}}},
        {"document": {"format": "pdf", "name": "a", "source": {"bytes": PDF}}},
        {"document": {"format": "md", "name": "b", "source": {"bytes": "IyBIaQ=="}}},
        {"document": {"format": "txt", "name": "c", "source": {"text": "said"}}},
    )
    sent = {}
    for name in ("gpt-4.1", "claude-opus-5"):
        conversation, _ = fitted("converse", name, converse(*blocks))
        sent[name] = body_of(conversation, name)["messages"][0]["content"]
    assert [part["type"] for part in sent["gpt-4.1"]] == ["text", "image_url", "file", "text", "text"]
    assert sent["gpt-4.1"][2]["file"] == {
        "filename": "a.pdf",
        "file_data": f"data:application/pdf;base64,{PDF}",
    }
    assert sent["gpt-4.1"][3]["text"] == "b:\n# Hi"
    assert [part["type"] for part in sent["claude-opus-5"]] == [
        "text",
        "image",
        "document",
        "document",
        "document",
    ]
    assert sent["claude-opus-5"][3]["source"] == {"type": "text", "media_type": "text/plain", "data": "# Hi"}


def test_images_in_results_go_behind_them_where_results_are_texts():
    result = {
        "toolResult": {
            "toolUseId": "c",
            "content": [{"text": "Seen"}, {"image": {"format": "png", "source": {"bytes": PNG}}}],
            "status": "error",
        }
    }
    messages = [
        {"role": "user", "content": [{"text": "Look"}]},
        {"role": "assistant", "content": [{"toolUse": {"toolUseId": "c", "name": "f", "input": {}}}]},
        {"role": "user", "content": [result]},
    ]
    tools = {"tools": [{"toolSpec": {"name": "f", "inputSchema": {"json": {"type": "object"}}}}]}
    conversation, _ = fitted("converse", "claude-opus-5", {"messages": messages, "toolConfig": tools})
    made = body_of(conversation, "claude-opus-5")["messages"][2]["content"][0]
    assert (made["is_error"], [part["type"] for part in made["content"]]) == (True, ["text", "image"])
