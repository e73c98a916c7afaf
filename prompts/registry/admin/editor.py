"""A draft as a form: messages, variables and examples as rows, the rest as fields, and back to a document."""

from __future__ import annotations

import json
from typing import Any

import msgspec
from django import forms
from django.forms import BaseFormSet, formset_factory

from accounts.services.known_models import known_models
from prompts.registry.admin.editor_fields import (
    LinesField,
    StopsField,
    ValueField,
    YamlField,
    typed,
    unix_lines,
    written,
)
from prompts.registry.policy.document import (
    Document,
    Example,
    Knowledge,
    Output,
    Parameters,
    PromptLimits,
    PromptMessage,
    ScoreWeights,
    ToolDefinition,
    Variable,
)
from prompts.registry.policy.files import dump

_WEIGHTS = ("cost", "quality", "latency")


class MessageForm(forms.Form):
    """One message."""

    role = forms.ChoiceField(choices=(("system", "System"), ("user", "User"), ("assistant", "Assistant")))
    text = forms.CharField(
        strip=False, required=False, widget=forms.Textarea(attrs={"rows": 6, "class": "gh-mono"})
    )


class ExampleForm(forms.Form):
    """A question and its answer."""

    user = forms.CharField(strip=False, required=False, label="Question", widget=forms.Textarea(attrs={"rows": 2}))  # fmt: skip
    assistant = forms.CharField(
        strip=False, required=False, label="Answer", widget=forms.Textarea(attrs={"rows": 2})
    )


_TYPES = (
    ("string", "Text"), ("integer", "Whole number"), ("number", "Number"), ("boolean", "Yes or no"),
    ("array", "List"), ("object", "Object"),
)  # fmt: skip


class VariableForm(forms.Form):
    """One variable."""

    name = forms.CharField(max_length=100, required=False)
    type = forms.ChoiceField(choices=_TYPES)
    description = forms.CharField(max_length=500, required=False)
    is_required = forms.BooleanField(required=False, initial=True, label="Required")
    is_personal = forms.BooleanField(required=False, label="Personal data")
    default = forms.CharField(required=False, strip=False, help_text='"" for an empty text.')
    example = forms.CharField(required=False, strip=False)
    schema = forms.CharField(
        required=False,
        label="Limits",
        help_text='JSON Schema, such as {"maxLength": 200} or {"enum": ["a", "b"]}.',
    )

    def clean_schema(self) -> dict[str, Any]:
        text = self.cleaned_data["schema"].strip()
        if not text:
            return {}
        try:
            value = json.loads(text)
        except json.JSONDecodeError as error:
            raise forms.ValidationError(f"This is not valid JSON: {error}") from error
        if not isinstance(value, dict):
            raise forms.ValidationError('Write an object, such as {"maxLength": 200}.')
        return value

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        for name in ("default", "example"):
            try:
                cleaned[name] = typed(cleaned.get(name, ""), cleaned.get("type", "string"))
            except ValueError:
                self.add_error(
                    name, "This is not of the variable's type. Lists and objects are written as JSON."
                )
        return cleaned


MessageFormSet = formset_factory(MessageForm, extra=0)
ExampleFormSet = formset_factory(ExampleForm, extra=0)
VariableFormSet = formset_factory(VariableForm, extra=0)


class RestForm(forms.Form):
    """All that is neither message, example nor variable."""

    note = forms.CharField(required=False, label="What changed", widget=forms.Textarea(attrs={"rows": 2}), help_text="Reviewers read it first.")  # fmt: skip
    goal = forms.CharField(required=False, label="Expected effect", widget=forms.Textarea(attrs={"rows": 2}), help_text="A measurable effect, such as “10 % fewer follow-up questions”.")  # fmt: skip
    model = forms.ChoiceField(required=False)
    fallbacks = LinesField(label="Falls back to", help_text="Routes that answer when the model's can't, in order, one per line.")  # fmt: skip
    regions = LinesField(label="Regions", help_text="Regions or geographies that may answer (eu, eu-central-1), one per line. Empty: as team and route say.")  # fmt: skip
    weight_cost = forms.FloatField(required=False, min_value=0, max_value=1, label="Weight of cost", help_text="Where the model's route chooses by score. Empty: the route's weights.")  # fmt: skip
    weight_quality = forms.FloatField(required=False, min_value=0, max_value=1, label="Weight of quality")
    weight_latency = forms.FloatField(required=False, min_value=0, max_value=1, label="Weight of latency")
    temperature = forms.FloatField(required=False, min_value=0, max_value=1)
    top_p = forms.FloatField(required=False, min_value=0, max_value=1, label="Top p")
    stop_sequences = StopsField(label="Stop at", help_text="One a line; \\n for a line break.")
    extra = YamlField(
        rows=3, label="Additional request fields", help_text="Converse's additionalModelRequestFields."
    )
    max_input_tokens = forms.IntegerField(required=False, min_value=0, label="Max input tokens", help_text="Empty: the model's limit.")  # fmt: skip
    max_output_tokens = forms.IntegerField(required=False, min_value=0, label="Max output tokens", help_text="Empty: the route's limit.")  # fmt: skip
    too_large = forms.ChoiceField(choices=(("refuse", "Refuse the call"), ("summarise", "Summarise the longest variable first")), label="When input exceeds the limit")  # fmt: skip
    summary_model = forms.ChoiceField(required=False, label="Summarise with", help_text="Empty: the prompt's own model.")  # fmt: skip
    caches_prefix = forms.BooleanField(required=False, label="Keep the system message in the provider's prompt cache")  # fmt: skip
    cache_key = forms.CharField(required=False, max_length=500, label="Key of the answer cache", help_text="A template, such as {{ account }}/{{ half_day }}: where answers are kept, the same key gets the same answer. Besides variables: half_day, day, hour, by the team's time zone.")  # fmt: skip
    takes_messages = forms.BooleanField(required=False, label="Callers may add messages of their own")
    schema = YamlField(rows=10, label="JSON Schema of the answer", help_text="Empty: any text.")
    mode = forms.ChoiceField(choices=(("auto", "Automatic"), ("native", "Structured output"), ("tool", "Forced tool use"), ("text", "Instructions only")), label="Enforced by")  # fmt: skip
    corrections = forms.IntegerField(min_value=0, max_value=3, label="Max correction attempts")
    on_failure = forms.ChoiceField(choices=(("refuse", "An error"), ("fallback", "The fallback answer")), label="On failure, return")  # fmt: skip
    fallback = ValueField(rows=3, label="Fallback answer", help_text="A value that fits the schema. Empty: the prompt's own.")  # fmt: skip
    streams_prefix = forms.BooleanField(required=False, label="Streams deliver what is valid so far")
    unsure_when = forms.CharField(required=False, label="The model says that it is unsure in", help_text="A property of the answer that is true then, such as “unsure”. Empty: it has no way to say so.")  # fmt: skip
    tools = YamlField(rows=5, help_text="A list under “tools:”, each with name, description and schema.")
    tool_choice = forms.CharField(
        required=False, label="Tool choice", help_text="auto, any, or a tool's name."
    )
    bases = LinesField(label="Knowledge bases", help_text="Names, one per line. The passages found are in the variable “knowledge”.")  # fmt: skip
    query = forms.CharField(required=False, strip=False, widget=forms.Textarea(attrs={"rows": 2}), help_text="A template of what is looked for. Empty: all text variables.")  # fmt: skip
    top_k = forms.IntegerField(min_value=1, max_value=50, label="Passages")
    floor = forms.FloatField(min_value=0, max_value=1, label="Minimum similarity")
    knowledge_tokens = forms.IntegerField(min_value=1, label="Max passage tokens")
    unsure_below = forms.FloatField(min_value=0, max_value=1, label="Unsure below a confidence of")
    when_unsure = forms.ChoiceField(choices=(("answer", "Callers get this answer, or the model's if it is empty"), ("refuse", "The call is refused")), label="When unsure")  # fmt: skip
    unsure_answer = forms.CharField(required=False, strip=False, label="Answer when unsure", widget=forms.Textarea(attrs={"rows": 2}))  # fmt: skip
    context = LinesField(
        label="Context sources", help_text="Names, one per line. Each becomes a variable of that name."
    )
    privacy = YamlField(rows=5, label="Privacy policy of its own", help_text="It adds to those of team and application; it can't loosen them.")  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        routes = sorted(known_models())
        chosen = [("", "Choose a model"), *((name, name) for name in routes)]
        for name in ("model", "summary_model"):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            current = str(self.initial.get(name) or "")
            gone = [(current, f"{current} (gone)")] if current and current not in routes else []
            field.choices = [*chosen, *gone]

    def clean_tools(self) -> tuple[ToolDefinition, ...]:
        value = self.cleaned_data["tools"]
        try:
            return msgspec.convert((value or {}).get("tools") or (), tuple[ToolDefinition, ...])
        except msgspec.ValidationError as error:
            raise forms.ValidationError(f"The tools do not fit: {error}.") from error

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        given = [each for name in _WEIGHTS if (each := cleaned.get(f"weight_{name}")) is not None]
        if given and (len(given) < len(_WEIGHTS) or not sum(given)):
            self.add_error("weight_cost", "Give all three weights, not all of them 0, or none.")
        return cleaned


class Editor:
    """The forms of one draft together."""

    def __init__(self, document: Document, *, note: str = "", goal: str = "", data: Any = None) -> None:
        self._document = document
        self.rest = RestForm(data, initial={**_rest(document), "note": note, "goal": goal})
        self.messages: BaseFormSet[Any] = MessageFormSet(
            data,
            prefix="messages",
            initial=[{"role": each.role, "text": each.text} for each in document.messages],
        )
        self.examples: BaseFormSet[Any] = ExampleFormSet(
            data,
            prefix="examples",
            initial=[{"user": each.user, "assistant": each.assistant} for each in document.examples],
        )
        self.variables: BaseFormSet[Any] = VariableFormSet(
            data, prefix="variables", initial=[_variable(each) for each in document.variables]
        )

    def is_valid(self) -> bool:
        """Whether the forms can be read; what they say may still be no prompt that runs."""
        return all(each.is_valid() for each in (self.rest, self.messages, self.examples, self.variables))

    def document(self) -> Document:
        """What the forms say."""
        rest = self.rest.cleaned_data
        return msgspec.structs.replace(
            self._document,
            messages=tuple(
                PromptMessage(role=each["role"], text=unix_lines(each["text"]))
                for each in _rows(self.messages)
                if each.get("text", "").strip()
            ),
            examples=tuple(
                Example(user=unix_lines(each["user"]), assistant=unix_lines(each["assistant"]))
                for each in _rows(self.examples)
                if each.get("user") and each.get("assistant")
            ),
            variables=tuple(
                Variable(**{name: each[name] for name in _VARIABLE})
                for each in _rows(self.variables)
                if each.get("name")
            ),
            **_document_of(rest),
        )


_VARIABLE = ("name", "type", "description", "is_required", "is_personal", "default", "example", "schema")


def _rows(forms_: BaseFormSet[Any]) -> list[dict[str, Any]]:
    return [form.cleaned_data for form in forms_ if form.cleaned_data]


def _variable(variable: Variable) -> dict[str, Any]:
    values = {name: getattr(variable, name) for name in _VARIABLE}
    return values | {
        "default": written(variable.default),
        "example": written(variable.example),
        "schema": json.dumps(variable.schema) if variable.schema else "",
    }


def _rest(document: Document) -> dict[str, Any]:
    output, limits, knowledge = document.output, document.limits, document.knowledge
    fallback = output.fallback
    return {
        "model": document.model,
        "fallbacks": document.fallbacks,
        "regions": document.regions,
        **_weights(document.weights),
        "temperature": document.parameters.temperature,
        "top_p": document.parameters.top_p,
        "stop_sequences": document.parameters.stop_sequences,
        "extra": document.parameters.extra or None,
        "max_input_tokens": limits.max_input_tokens or None,
        "max_output_tokens": limits.max_output_tokens or None,
        "too_large": limits.too_large,
        "summary_model": limits.summary_model,
        "caches_prefix": document.caches_prefix,
        "cache_key": document.cache_key,
        "takes_messages": document.takes_messages,
        "schema": output.schema,
        "mode": output.mode,
        "corrections": output.corrections,
        "on_failure": output.on_failure,
        "fallback": "" if fallback is msgspec.UNSET else dump(fallback).removesuffix("...\n"),
        "streams_prefix": output.streams_prefix,
        "unsure_when": output.unsure_when,
        "tools": {"tools": msgspec.to_builtins(document.tools)} if document.tools else None,
        "tool_choice": document.tool_choice,
        "bases": knowledge.bases,
        "query": knowledge.query,
        "top_k": knowledge.top_k,
        "floor": knowledge.floor,
        "knowledge_tokens": knowledge.max_tokens,
        "unsure_below": knowledge.unsure_below,
        "when_unsure": knowledge.when_unsure,
        "unsure_answer": knowledge.unsure_answer,
        "context": document.context,
        "privacy": document.privacy,
    }


def _weights(weights: ScoreWeights | None) -> dict[str, float | None]:
    return {f"weight_{name}": None if weights is None else getattr(weights, name) for name in _WEIGHTS}


def _weights_of(rest: dict[str, Any]) -> ScoreWeights | None:
    given = {name: rest[f"weight_{name}"] for name in _WEIGHTS}
    return None if None in given.values() else ScoreWeights(**given)


def _document_of(rest: dict[str, Any]) -> dict[str, Any]:
    return {
        "model": rest["model"],
        "fallbacks": rest["fallbacks"],
        "regions": rest["regions"],
        "weights": _weights_of(rest),
        "parameters": Parameters(
            temperature=rest["temperature"],
            top_p=rest["top_p"],
            stop_sequences=rest["stop_sequences"],
            extra=rest["extra"] or {},
        ),
        "limits": PromptLimits(
            max_input_tokens=rest["max_input_tokens"] or 0,
            max_output_tokens=rest["max_output_tokens"] or 0,
            too_large=rest["too_large"],
            summary_model=rest["summary_model"],
        ),
        "caches_prefix": rest["caches_prefix"],
        "cache_key": rest["cache_key"],
        "takes_messages": rest["takes_messages"],
        "output": Output(
            schema=rest["schema"],
            mode=rest["mode"],
            corrections=rest["corrections"],
            on_failure=rest["on_failure"],
            fallback=rest["fallback"],
            streams_prefix=rest["streams_prefix"],
            unsure_when=rest["unsure_when"],
        ),
        "tools": rest["tools"],
        "tool_choice": rest["tool_choice"] or "auto",
        "knowledge": Knowledge(
            bases=rest["bases"],
            query=unix_lines(rest["query"]),
            top_k=rest["top_k"],
            floor=rest["floor"],
            max_tokens=rest["knowledge_tokens"],
            unsure_below=rest["unsure_below"],
            when_unsure=rest["when_unsure"],
            unsure_answer=unix_lines(rest["unsure_answer"]),
        ),
        "context": rest["context"],
        "privacy": rest["privacy"],
    }
