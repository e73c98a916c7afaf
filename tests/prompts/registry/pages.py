"""Prompts in the admin: a document that uses everything, and what the tests of several pages ask of them."""

from typing import Any

from django.urls import reverse
from selectolax.lexbor import LexborHTMLParser

from prompts.registry.models import Prompt, PromptVersion
from prompts.registry.policy.document import (
    Document,
    Example,
    Knowledge,
    Output,
    Parameters,
    PromptLimits,
    PromptMessage,
    ToolDefinition,
    Variable,
)
from prompts.registry.services.prompts import save_draft
from tests.world import World

RICH = Document(
    fallbacks=("nova-pro", "claude-haiku-4-5"),
    regions=("us", "eu-central-1"),
    messages=(
        PromptMessage(role="system", text="\n  You answer.\n\n\tTabs, “quotes” & <b>marks</b> </textarea>\n{# note #}  "),
        PromptMessage(text="{% for each in list %}\n- {{ each }}\n{% endfor %}{{ text }}{{ number }}{{ flag }}{{ object | tojson }}{{ empty }}{{ lines }}"),
        PromptMessage(role="assistant", text="Sure:"),
        PromptMessage(text="Go on."),
    ),
    variables=(
        Variable(name="text", description='What "it" says', schema={"maxLength": 40, "pattern": '^[^"\\\\]*$'}, example="  a b  "),
        Variable(name="number", type="number", default=1.5, example=0),
        Variable(name="whole", type="integer", default=0, is_required=False),
        Variable(name="flag", type="boolean", default=False, example=True, is_personal=True),
        Variable(name="list", type="array", default=[1, "ü", None], schema={"items": {}}),
        Variable(name="object", type="object", default={"a": {"b": [True]}}, is_required=False, is_personal=True),
        Variable(name="empty", default=""),
        Variable(name="lines", default="one\ntwo\n", example='"quoted"'),
        Variable(name="null_like", default="null", example="3"),
    ),
    examples=(Example(user="A?\n\nB?", assistant=" Yes.\n"), Example(user="{{ not a template }}", assistant="No")),
    model="nova-lite",
    parameters=Parameters(temperature=0.0, top_p=0.25, stop_sequences=("\n\nHuman:", " END ", "\\n", "a\\b", '"'), extra={"top_k": 5}),
    tools=(ToolDefinition(name="find", description="Finds\nthings", schema={"type": "object", "properties": {"on": {"type": "string"}}}), ToolDefinition(name="b", schema={})),
    tool_choice="find",
    output=Output(schema={"type": ["array", "null"], "items": {"enum": ["yes", "no", 3, None]}}, mode="tool", corrections=0, on_failure="fallback", fallback=["yes"], streams_prefix=True),
    limits=PromptLimits(max_input_tokens=100, max_output_tokens=7, too_large="summarise", summary_model="nova-lite"),
    caches_prefix=True,
    cache_key="{{ on }}/{{ half_day }}",
    privacy={"names": True},
    context=("house_rules",),
    knowledge=Knowledge(bases=("handbook",), query=" {{ text }}\n and more", top_k=3, floor=0.25, max_tokens=99, unsure_below=0.5, when_unsure="refuse", unsure_answer="I am\nnot sure. "),
    takes_messages=False,
)  # fmt: skip


def mine(world: World, name: str = "greeting") -> Prompt:
    return Prompt.objects.get(team=world.mine.team, name=name)


def url(prompt: Prompt, page: str = "change", *args: Any) -> str:
    return reverse(f"admin:prompts_prompt_{page}", args=[prompt.pk, *args])


def form_of(page: str, selector: str) -> dict[str, str]:
    """What a browser would send of a form as it was served."""
    form = LexborHTMLParser(page).css_first(selector)
    sent: dict[str, str] = {}
    for field in form.css("input, select, textarea"):
        name, kind = field.attributes.get("name"), field.attributes.get("type")
        if (
            not name
            or "__prefix__" in name
            or (kind in ("checkbox", "radio") and "checked" not in field.attributes)
        ):
            continue
        if field.tag == "textarea":
            sent[name] = field.text().replace("\r\n", "\n").replace("\n", "\r\n")
        elif field.tag == "select":
            chosen = field.css_first("option[selected]") or field.css_first("option")
            sent[name] = chosen.attributes.get("value", chosen.text()) or ""
        else:
            value = field.attributes.get("value") or ("on" if kind == "checkbox" else "")
            assert kind == "hidden" or "\n" not in value, f"a browser would lose lines of {name}"
            sent[name] = value
    return sent


def saved(prompt: Prompt, document: Document, number: int = 3) -> PromptVersion:
    version = prompt.versions.get(number=number)
    return save_draft(
        version=version, document=document, revision=version.revision, by=None, note="Why\nnot", goal=""
    )
