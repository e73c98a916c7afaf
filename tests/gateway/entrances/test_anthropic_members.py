"""Members of Anthropic's Messages: each honoured, said to be left out, or refused by name."""

import msgspec
import pytest
from anthropic.types import message_create_params
from anthropic.types.beta import message_create_params as beta_params

from gateway.catalogue.rules import actions_of
from gateway.conversation import encode
from gateway.entrances.formats.anthropic_request import MEMBERS, MessagesRequest
from gateway.entrances.formats.entrance import AnthropicEntrance
from gateway.refusals import Refusal
from gateway.wire.fit.fit import fit
from gateway.wire.fit.work import Work
from tests.gateway.wire.fitted import FAMILIES, bedrock_error, capability, outcome, parse, sent
from tests.gateway.wire.test_fit_matrix import A_CALL, TEXT, USER, a_result, a_user

HAIKU, OPUS = "anthropic.claude-haiku-4-5-20251001-v1:0", "anthropic.claude-opus-4-8"
OWN = {"name": "f", "input_schema": {"type": "object", "properties": {}}}
THOUGHT = {"type": "thinking", "thinking": "hm", "signature": "s"}
CODE_BETAS = (
    "claude-code-20250219,context-1m-2025-08-07,interleaved-thinking-2025-05-14,thinking-token-count-2026-05-13,"
    "context-management-2025-06-27,prompt-caching-scope-2026-01-05,mid-conversation-system-2026-04-07,effort-2025-11-24"
)


def body(**members):
    return {"model": "m", "max_tokens": 2000, "messages": [USER], **members}


def noted(given):
    return [str(each) for each in parse("anthropic", given).places.adjustments]


def test_each_member_of_the_sdk_is_in_the_table_and_each_of_the_table_is_read():
    known = set(message_create_params.MessageCreateParamsBase.__annotations__)
    known |= set(beta_params.MessageCreateParamsBase.__annotations__)
    assert known <= set(MEMBERS.table)
    assert set(MEMBERS.table) == set(MessagesRequest.__struct_fields__)


@pytest.mark.parametrize(
    "members",
    [
        {"context_management": {"edits": []}}, {"context_management": None}, {"speed": "standard"}, {"fallbacks": []},
        {"context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]}}, {"mcp_servers": []},
        {"metadata": {"user_id": "dev-17"}}, {"service_tier": "auto"}, {"thread": None}, {"diagnostics": {"x": 1}},
        {"tools": [{**OWN, "defer_loading": True, "eager_input_streaming": True, "allowed_callers": ["direct"]}]},
        {"messages": [a_user({**TEXT, "citations": None})]},
    ],
)  # fmt: skip
def test_what_changes_nothing_passes_and_nothing_is_said(members):
    assert noted(body(**members)) == []


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"brand_new": {"a": 1}}, ["brand_new; dropped"]),
        ({"output_config": {"effort": "low", "task_budget": {"type": "tokens", "total": 9}}}, ["output_config.task_budget; dropped"]),
        ({"tools": [{**OWN, "shiny": 1}, {**OWN, "name": "g", "shiny": 2}]}, ["tools[].shiny; dropped"]),
        ({"messages": [a_user({**TEXT, "cache_control": {"type": "ephemeral", "scope": "global"}})]}, ["messages[].content[].cache_control.scope; dropped"]),
        ({"speed": "fast"}, ["speed; dropped"]),
        ({"fallbacks": [{"model": "claude-opus-5"}]}, ["fallbacks; dropped"]),
        ({"tools": [{"type": "web_search_20250305", "name": "web_search", "max_uses": 5}, OWN]}, ["tools[0]; dropped=web_search_20250305"]),
        ({"tools": [{"type": "tool_search_tool_regex_20251119", "name": "s"}]}, ["tools[0]; dropped=tool_search_tool_regex_20251119"]),
    ],
)  # fmt: skip
def test_what_can_t_be_honoured_and_is_not_needed_is_left_out_and_said(members, said):
    assert noted(body(**members)) == said


@pytest.mark.parametrize(
    ("members", "param"),
    [
        ({"thread": {"type": "create"}}, "thread"), ({"container": "c1"}, "container"), ({"inference_geo": "us"}, "inference_geo"),
        ({"mcp_servers": [{"type": "url", "url": "https://x", "name": "x"}]}, "mcp_servers"),
        ({"compaction": {"type": "auto"}}, "compaction"),
        ({"context_management": {"edits": [{"type": "compact_20260112"}]}}, "context_management"),
        ({"context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": {"type": "thinking_turns", "value": 0}}]}}, "context_management"),
        ({"context_management": {"edits": {"type": "x"}}}, "context_management"),
        ({"tools": [{"type": "computer_20250124", "name": "computer"}]}, "tools[0]"),
        ({"tools": [{"type": "web_search_20250305", "name": "web_search"}], "tool_choice": {"type": "tool", "name": "web_search"}}, "tools[0]"),
        ({"tools": [{"name": "f"}]}, "tools[0]"),
    ],
)  # fmt: skip
def test_what_would_change_the_answer_is_refused_by_name(members, param):
    with pytest.raises(Refusal) as refused:
        parse("anthropic", body(**members))
    assert (refused.value.code, refused.value.param) == ("invalid_request", param)


def asked_with_betas(names, model):
    parsed = AnthropicEntrance().parse(msgspec.json.encode(body()), {b"anthropic-beta": names.encode()})
    work = Work(
        parsed.conversation, capability(model), actions_of(), wire_format="anthropic", places=parsed.places
    )
    found = fit(work, default_max_tokens=None, most_tokens=None)
    made = msgspec.json.decode(encode(found.conversation))
    assert not bedrock_error(model, made)
    return made.get("additionalModelRequestFields", {}).get("anthropic_beta"), [
        str(each) for each in found.adjustments
    ]


def test_betas_go_on_where_the_model_takes_them():
    assert asked_with_betas(CODE_BETAS, HAIKU) == (
        ["interleaved-thinking-2025-05-14", "effort-2025-11-24"], ["anthropic-beta; dropped=context-1m-2025-08-07"],
    )  # fmt: skip
    assert asked_with_betas(CODE_BETAS, OPUS)[0] == ["interleaved-thinking-2025-05-14"]
    assert asked_with_betas("nobody-knows-2030-01-01", HAIKU) == (
        None,
        ["anthropic-beta; dropped=nobody-knows-2030-01-01"],
    )
    assert asked_with_betas(" , ,", HAIKU) == (None, [])
    assert asked_with_betas(CODE_BETAS, FAMILIES["llama-3-3"])[0] is None


@pytest.mark.parametrize("kind", ["bash_20250124", "text_editor_20250728", "memory_20250818"])
@pytest.mark.parametrize("model", sorted(FAMILIES.values()))
def test_tools_that_callers_run_are_tools_of_their_own(kind, model):
    tools = {"tools": [{"type": kind, "name": "it"}]}
    refused = outcome("anthropic", model, body(tools=[OWN])) == "refused"
    assert (outcome("anthropic", model, body(**tools)) == "refused") is refused


def test_the_block_that_differs_each_time_goes_behind_the_cached_prefix():
    billing = {
        "type": "text",
        "text": "x-anthropic-billing-header: cc_version=2.1.197.423; cc_entrypoint=cli;",
    }
    system = [billing, {"type": "text", "text": "Same for all.", "cache_control": {"type": "ephemeral"}}]
    made = sent("anthropic", HAIKU, body(system=system))
    assert [list(block) for block in made.body["system"]] == [["text"], ["cachePoint"], ["text"]]
    assert made.body["system"][2]["text"] == billing["text"]
    unmarked = sent("anthropic", HAIKU, body(system=[billing, {"type": "text", "text": "Same."}]))
    assert unmarked.body["system"][0]["text"] == billing["text"]


def history(turns):
    messages = [USER]
    for number in range(turns):
        use = {"type": "tool_use", "id": f"t{number}", "name": "f", "input": {"n": number}}
        messages.append({"role": "assistant", "content": [THOUGHT, use]})
        messages.append(a_user({**a_result(content=f"answer {number}"), "tool_use_id": f"t{number}"}))
    return messages


def edited(edit, turns=5):
    parsed = parse(
        "anthropic", body(messages=history(turns), tools=[OWN], context_management={"edits": [edit]})
    )
    return parsed.conversation.messages, [str(each) for each in parsed.places.adjustments]


def test_thinking_is_cleared_but_of_the_last_turns():
    messages, said = edited(
        {"type": "clear_thinking_20251015", "keep": {"type": "thinking_turns", "value": 2}}
    )
    thinks = [any(b.reasoning_content for b in m.content) for m in messages if m.role == "assistant"]
    assert thinks == [False, False, False, True, True]
    assert said == ["context_management; clear_thinking=3"]


def test_old_results_are_cleared_where_the_trigger_is_passed():
    edit = {
        "type": "clear_tool_uses_20250919",
        "trigger": {"type": "tool_uses", "value": 3},
        "keep": {"type": "tool_uses", "value": 1},
    }
    messages, said = edited(edit)
    answers = [b.tool_result.content[0].text for m in messages for b in m.content if b.tool_result]
    assert answers[-1] == "answer 4"
    assert set(answers[:-1]) == {"[Old tool result content cleared]"}
    assert said == ["context_management; clear_tool_uses=4"]
    assert edited({**edit, "exclude_tools": ["f"]})[1] == []
    assert edited({"type": "clear_tool_uses_20250919"})[1] == []  # far below 100,000 tokens


def test_a_reference_to_a_tool_whose_loading_was_deferred_is_read():
    result = a_result(content=[{"type": "tool_reference", "tool_name": "grep"}])
    made = sent("anthropic", HAIKU, body(messages=[USER, A_CALL, a_user(result)], tools=[OWN]))
    assert "grep" in made.body["messages"][2]["content"][0]["toolResult"]["content"][0]["text"]


def test_what_a_server_s_tool_left_is_left_out_and_said():
    search = {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {"query": "x"}}
    found = {
        "type": "web_search_tool_result",
        "tool_use_id": "s1",
        "content": [],
        "caller": {"type": "direct"},
    }
    given = body(messages=[USER, {"role": "assistant", "content": [search, found, TEXT]}, USER])
    parsed = parse("anthropic", given)
    assert [str(each) for each in parsed.places.adjustments] == [
        "messages[1].content[0]; dropped=server_tool_use",
        "messages[1].content[1]; dropped=web_search_tool_result",
    ]
    assert len(parsed.conversation.messages[1].content) == 1


@pytest.mark.parametrize(
    ("wire_format", "given", "param"),
    [
        ("anthropic", body(messages=[a_user({"type": "brand_new"})]), "messages[0].content[0]"),
        ("openai", {"model": "m", "messages": [a_user({"type": "brand_new"})]}, "messages[0].content[0]"),
    ],
)
def test_what_does_not_fit_is_refused_by_its_name(wire_format, given, param):
    with pytest.raises(Refusal) as refused:
        parse(wire_format, given)
    assert (refused.value.code, refused.value.param) == ("invalid_request", param)


def test_the_effort_in_claude_s_own_words_is_converse_s_effort():
    given = {
        "messages": [{"role": "user", "content": [{"text": "x"}]}],
        "additionalModelRequestFields": {"output_config": {"effort": "high"}},
    }
    conversation = parse("converse", given).conversation
    assert conversation.output_config == {"effort": "high"}
    assert conversation.additional_model_request_fields is None
    given["additionalModelRequestFields"]["output_config"]["max_tokens"] = 5
    with pytest.raises(Refusal, match="output_config"):
        parse("converse", given)
