"""What people fill in for each kind of assertion, and the assertion that it makes."""

import json
from collections.abc import Sequence
from typing import Any, ClassVar

import msgspec
from django import forms

from accounts.services.known_models import known_models
from prompts.evaluations.policy import assertions as kinds
from prompts.evaluations.policy.assertions import Assertion, problem_of
from prompts.registry.admin.editor_fields import came_back, unix_lines

_MONO: dict[str, Any] = {"spellcheck": "false", "class": "gh-mono"}


class TextsField(forms.CharField):
    """Texts, one a line. One that a line can't hold, or that begins with a quote, is in quotes, as in JSON."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, strip=False, widget=forms.Textarea(attrs={"rows": 3}), **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(map(_line, value)) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        lines = (line.strip() for line in unix_lines(str(value or "")).split("\n"))
        return [_text(line) for line in lines if line]


def _line(text: str) -> str:
    is_plain = text and text == text.strip() and text.isprintable() and not text.startswith('"')
    return text if is_plain else json.dumps(text)


def _text(line: str) -> str:
    try:
        value = json.loads(line) if line.startswith('"') else line
    except ValueError:
        return line
    return value if isinstance(value, str) else line


class NumberField(forms.FloatField):
    """A number, written as short as it can be."""

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, float):
            return value
        return f"{value:.0f}" if value.is_integer() and abs(value) < 1e15 else repr(value)


class JsonField(forms.CharField):
    """A JSON value."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(strip=False, widget=forms.Textarea(attrs={"rows": 6, **_MONO}), **kwargs)
        self.empty_values = [None, ""]  # {} and [] are values

    def prepare_value(self, value: Any) -> Any:
        return value if value is None or isinstance(value, str) else json_text(value)

    def to_python(self, value: Any) -> Any:
        return json_value(str(value)) if value else None


def json_text(value: Any) -> str:
    """A value as JSON that people read."""
    try:
        return json.dumps(value, ensure_ascii=False, indent=2)
    except RecursionError:  # with indents it takes more of the stack
        return json.dumps(value, ensure_ascii=False)


def json_value(text: str) -> Any:
    """What JSON says. Raises forms.ValidationError."""
    try:
        return json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise forms.ValidationError(f"Not valid JSON: {error}.") from error


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is not known to it")


def _area(rows: int = 2, **attrs: Any) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows, **attrs})


def _case(default: str) -> forms.BooleanField:
    return forms.BooleanField(label=default, required=False)


class KindForm(forms.Form):
    """One kind. Fields are named as the members of its struct; what comes back as it was served keeps its value."""

    use_required_attribute = False
    struct: ClassVar[type[Any]]
    title: ClassVar[str]
    hint: ClassVar[str]
    made: Assertion
    """What the form says, where it is valid."""
    counts = True
    """Whether its kind is chosen: of another one nothing can be wrong."""

    def __init__(
        self, data: Any = None, *, prefix: str, assertion: Assertion | None = None, judges: Sequence[str] = ()
    ) -> None:
        served = self.served(assertion) if isinstance(assertion, self.struct) else self.served(None)
        super().__init__(data, prefix=prefix, initial=served)
        self.offer(judges)

    @classmethod
    def kind(cls) -> str:
        return str(cls.struct.__struct_config__.tag)

    def offer(self, judges: Sequence[str]) -> None:
        """Fills in what can be chosen."""

    @classmethod
    def served(cls, assertion: Any) -> dict[str, Any]:
        """The values of the fields for an assertion, or of a new one's."""
        if assertion is not None:
            return {name: getattr(assertion, name) for name in cls.struct.__struct_fields__}
        return {
            each.name: each.default_factory() if each.default_factory is not msgspec.NODEFAULT else each.default
            for each in msgspec.structs.fields(cls.struct)
            if not each.required
        }  # fmt: skip

    @property
    def errors(self) -> Any:
        return super().errors if self.counts else {}

    def is_as_served(self, *names: str) -> bool:
        """Whether these fields, or all, came back as they were served."""
        return all(came_back(self[name]) for name in names or self.fields)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if self.errors:
            return cleaned
        self.made = self.struct(**self.members(cleaned))
        if problem := problem_of(self.made):
            self.add_error(problem.member, problem.text)
        return cleaned

    def members(self, cleaned: dict[str, Any]) -> dict[str, Any]:
        """The members of the struct."""
        found, defaults = {}, self.served(None)
        for name in self.struct.__struct_fields__:
            if name in self.initial and self.is_as_served(name):
                found[name] = self.initial[name]
            else:
                value = defaults.get(name) if cleaned[name] is None else cleaned[name]
                found[name] = unix_lines(value) if isinstance(value, str) else value
        return found


class EqualsForm(KindForm):
    struct, title = kinds.Equals, "Equals the expected answer"
    hint = "JSON is compared as JSON, texts without the spaces around them."
    value = forms.CharField(label="Expected value", required=False, strip=False, widget=_area(), help_text="Empty: what the case expects.")  # fmt: skip
    is_json = forms.BooleanField(label="This is JSON", required=False)
    ignore_case = _case("Case-insensitive")

    @classmethod
    def served(cls, assertion: Any) -> dict[str, Any]:
        found = super().served(assertion)
        value = found["value"]
        is_json = value is not None and (not isinstance(value, str) or value == "")
        return found | {"value": json_text(value) if is_json else value, "is_json": is_json}

    def __init__(self, data: Any = None, *, assertion: Assertion | None = None, **kwargs: Any) -> None:
        self._value = assertion.value if isinstance(assertion, kinds.Equals) else None
        super().__init__(data, assertion=assertion, **kwargs)

    def clean(self) -> dict[str, Any]:
        text = self.cleaned_data["value"]
        try:
            if self.cleaned_data["is_json"] and text.strip() and json_value(text) is None:
                raise forms.ValidationError("“null” would mean what the case expects: leave this empty instead.")  # fmt: skip
        except forms.ValidationError as error:
            self.add_error("value", error)
        return super().clean()

    def members(self, cleaned: dict[str, Any]) -> dict[str, Any]:
        if self.is_as_served("value", "is_json"):
            value = self._value
        elif cleaned["value"].strip():
            value = json_value(cleaned["value"]) if cleaned["is_json"] else unix_lines(cleaned["value"])
        else:
            value = None
        return {"value": value, "ignore_case": cleaned["ignore_case"]}


_ONE_A_LINE = 'One per line. Inside quotes, leading and trailing spaces count: " no ".'


class ContainsForm(KindForm):
    struct, title, hint = kinds.Contains, "Contains texts", "The answer contains all of these."
    texts = TextsField(label="Texts", help_text=f"{_ONE_A_LINE} Empty: what the case expects.")
    any_of = forms.BooleanField(label="Any one is enough", required=False)
    ignore_case = _case("Case-insensitive")


class PatternForm(KindForm):
    struct, title, hint = (
        kinds.Pattern,
        "Matches a pattern",
        "A regular expression (RE2) is found in the answer.",
    )
    pattern = forms.CharField(label="Pattern", required=False, strip=False, widget=_area(**_MONO), help_text="Such as order \\d{6}.")  # fmt: skip
    whole = forms.BooleanField(label="Match the whole answer", required=False)
    ignore_case = _case("Case-insensitive")


class JsonSchemaForm(KindForm):
    struct, title, hint = kinds.JsonSchema, "Valid against a JSON Schema", "Nothing is fetched from anywhere."
    schema = JsonField(label="JSON Schema", help_text='Such as {"type": "object", "required": ["total"]}.')

    def clean_schema(self) -> Any:
        value = self.cleaned_data["schema"]
        if not isinstance(value, dict | bool):
            raise forms.ValidationError('A schema is an object, such as {"type": "object"}.')
        return value


class NumericForm(KindForm):
    struct, title, hint = (
        kinds.Numeric,
        "Number within a tolerance",
        "The number in the answer is within the tolerance.",
    )
    value = NumberField(label="Number", required=False, help_text="Empty: what the case expects.")
    tolerance = NumberField(label="Tolerance", required=False)
    percent = NumberField(label="Or tolerance (%)", required=False)
    path = forms.CharField(label="JSON path", required=False, help_text="Such as total, or items.0.price. Empty: the answer contains one number.")  # fmt: skip


class SimilarityForm(KindForm):
    struct, title, hint = kinds.Similarity, "Semantic similarity at least", "Cosine similarity of embeddings: 1 is identical, 0 is unrelated."  # fmt: skip
    text = forms.CharField(label="As this", required=False, strip=False, widget=_area(), help_text="Empty: what the case expects.")  # fmt: skip
    at_least = NumberField(label="Minimum similarity")
    model = forms.ChoiceField(label="Measured with", required=False)

    def offer(self, judges: Sequence[str]) -> None:
        routes = sorted(name for name in known_models() if not name.startswith("prompt/"))
        _choose(self, "model", routes, blank="As set up for evaluations")


class ForbiddenForm(KindForm):
    struct, title, hint = kinds.Forbidden, "Contains none of", "The answer contains none of these."
    texts = TextsField(label="Texts", help_text=_ONE_A_LINE)
    patterns = TextsField(label="Patterns", help_text="Regular expressions (RE2 syntax), one per line.")
    ignore_case = _case("Case-insensitive")


class LatencyForm(KindForm):
    struct, title, hint = kinds.Latency, "Latency at most", "How long the answer may take."
    at_most_ms = NumberField(label="Max milliseconds", help_text="3000 is three seconds.")


class CostForm(KindForm):
    struct, title, hint = kinds.Cost, "Cost at most", "What the call may cost, by its record."
    at_most_usd = forms.CharField(label="Max US dollars", widget=forms.TextInput(attrs={"inputmode": "decimal"}), help_text="Such as 0.002.")  # fmt: skip


class JudgeForm(KindForm):
    struct, title = kinds.Judge, "LLM-judge score at least"
    hint = "A prompt reads the answer by your rubric and gives 0 to 1."
    prompt = forms.ChoiceField(label="Judge", help_text="It gets the variables input, output, expected and rubric, and answers with score and reason as JSON.")  # fmt: skip
    version = forms.IntegerField(label="Its version", min_value=1)
    rubric = forms.CharField(label="Rubric", required=False, strip=False, widget=_area(3), help_text="What makes a good answer.")  # fmt: skip
    at_least = NumberField(label="Minimum score")

    def offer(self, judges: Sequence[str]) -> None:
        _choose(self, "prompt", sorted(judges), blank="Choose a prompt")


def _choose(form: KindForm, name: str, known: Sequence[str], *, blank: str) -> None:
    field: Any = form.fields[name]
    current = form.initial.get(name) or ""
    gone = [(current, f"{current} (gone)")] if current and current not in known else []
    field.choices = [("", blank), *((each, each) for each in known), *gone]


KIND_FORMS: tuple[type[KindForm], ...] = (
    EqualsForm, ContainsForm, PatternForm, JsonSchemaForm, NumericForm, SimilarityForm, ForbiddenForm, LatencyForm,
    CostForm, JudgeForm,
)  # fmt: skip
