"""Templates of prompts: what they may do, what they can't reach, and what they may cost."""

import itertools
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from governance.screening.policy.defence import BREAK
from prompts.registry.policy.template_filters import FILTERS, TESTS
from prompts.registry.policy.template_meter import MAX_CHARACTERS, MAX_ITEMS, MAX_STEPS, Meter, RenderError
from prompts.registry.policy.templates import MAX_SOURCE, BadTemplateError, Template


class Clock:
    """Time that passes by so much with every look at it."""

    def __init__(self, step: float = 0.0) -> None:
        self.now, self.step = 0.0, step

    def __call__(self) -> float:
        self.now += self.step
        return self.now


def render(source: str, clock: Clock | None = None, **values: Any) -> str:
    return Template(source).render(values, meter=Meter(clock or Clock()))


# --- what they do ---


@pytest.mark.parametrize(
    ("source", "values", "text"),
    [
        ("Hello {{ name }}.", {"name": "Ann"}, "Hello Ann."),
        ("{{ a }}|{{ b }}|{{ c }}", {"a": True, "b": None, "c": 1.5}, "true||1.5"),
        ("{% for x in xs %}{{ loop.index }}:{{ x.name }} {% endfor %}", {"xs": [{"name": "a"}, {"name": "b"}]}, "1:a 2:b "),
        ("{% if tags and 'vip' in tags %}yes{% else %}no{% endif %}", {"tags": ["vip"]}, "yes"),
        ("{% set total = xs | sum %}{{ total * 2 }}", {"xs": [1, 2]}, "6"),
        ("{{ 'a' ~ 1 ~ true }}", {}, "a1true"),
        ("{{ xs | join(', ') }}{{ xs | tojson }}", {"xs": ["ü", 1]}, 'ü, 1["ü", 1]'),
        ("{{ x.items }}", {"x": {"items": "mine"}}, "mine"),
        ("{% for k, v in x | items %}{{ k }}={{ v }};{% endfor %}", {"x": {"a": 1}}, "a=1;"),
        ("{{ range(3) | join }}", {}, "012"),
        ("{{ x is defined }}{{ x | default('none') }}", {}, "falsenone"),
        ("{{ x | round(2) }}", {"x": 1.234}, "1.23"),
        ("{% for a in xs if a > 1 %}{{ loop.length }}{{ a }}{% endfor %}", {"xs": [1, 2, 3]}, "2223"),
    ],
)  # fmt: skip
def test_what_templates_do(source, values, text):
    assert render(source, **values) == text


def test_names_are_what_it_reads():
    template = Template("{% set a = b %}{% for c in d %}{{ a }}{{ c }}{{ e.f }}{% endfor %}{{ range(2) }}")
    assert template.names == {"b", "d", "e"}


# --- what they have not ---


@pytest.mark.parametrize(
    "source",
    [
        "{% macro a() %}{% endmacro %}", "{% include 'a' %}", "{% import 'a' as b %}", "{% from 'a' import b %}",
        "{% extends 'a' %}", "{% block a %}{% endblock %}", "{% call a() %}{% endcall %}",
        "{% filter upper %}a{% endfilter %}", "{% set a %}b{% endset %}", "{% with a = 1 %}{% endwith %}", "{{ 2 ** 9 }}",
        "{% set a.b = 1 %}", "{% raw %}{% endraw %}{{ a() }}", "{{ a.b() }}", "{{ 'a'.format(1) }}", "{{ lipsum() }}",
        "{{ dict(a=1) }}", "{{ cycler(1) }}", "{{ namespace() }}", "{{ joiner() }}", "{{ range(*a) }}", "{{ range(a=1) }}",
        "{% for a in b recursive %}{{ loop(a) }}{% endfor %}", "{{ a | attr('b') }}", "{{ a | pprint }}", "{{ a | safe }}",
        "{{ a | format(1) }}", "{{ a | random }}", "{{ a | center(9) }}", "{{ a | batch(2) }}", "{{ a | groupby('b') }}",
        "{{ a | xmlattr }}", "{{ a | urlize }}", "{{ a is callable }}", "{{ a is filter }}", "{{ _a }}", "{% set _a = 1 %}",
        "{{ _gatehouse_meter }}", "{% for _gatehouse_tick in a %}{% endfor %}", "{{ a | _joined }}", "{{ a | _range }}",
        "{{ a", "{% if a %}", "{% for a in %}{% endfor %}", "{{ 1e999 }}", "{{ " + "9" * 5000 + " }}", "{{ 'a }}",
        "{% do a %}", "{% break %}", "{% autoescape true %}{% endautoescape %}", "{% trans %}a{% endtrans %}",
    ],
)  # fmt: skip
def test_what_templates_have_not(source):
    with pytest.raises(BadTemplateError) as error:
        Template(source)
    assert str(error.value).endswith(".")
    assert not str(error.value).endswith("..")


@pytest.mark.parametrize(
    "source",
    ["x" * (MAX_SOURCE + 1), "{{ a }}" * 21_000, "{{ " + "(" * 2000 + "a" + ")" * 2000 + " }}",
     "{% if a %}" * 500 + "{% endif %}" * 500, "{{ " + "-" * 3000 + "1 }}"],
)  # fmt: skip
def test_huge_and_deep_ones_are_refused(source):
    with pytest.raises(BadTemplateError):
        Template(source)


# --- what they can't reach ---

DUNDERS = ("__class__", "__init__", "__globals__", "__mro__", "__subclasses__", "format", "keys", "append", "f_back", "gi_frame")  # fmt: skip


def test_no_attribute_of_python_s_is_there():
    for value, name in itertools.product(["text", 3, 1.5, True, None, [1], {"a": 1}], DUNDERS):
        for source in (
            f"{{{{ x.{name} is defined }}}}",
            f"{{{{ x['{name}'] is defined }}}}",
            f"{{{{ [x] | selectattr('{name}', 'defined') | list | length > 0 }}}}",
            f"{{% for a in [1] %}}{{{{ loop.{name} is defined }}}}{{% endfor %}}",
        ):
            assert render(source, x=value) == "false"
        for source in (
            f"{{{{ x.{name} }}}}",
            f"{{{{ [x] | map(attribute='{name}') | list | tojson }}}}",
            f"{{{{ [x] | join(attribute='{name}') }}}}",
            f"{{{{ self.{name} }}}}",
        ):
            with pytest.raises(RenderError):
                render(source, x=value)


def test_a_member_of_that_name_is_the_caller_s_own():
    assert render("{{ x.__class__ }}{{ x['keys'] }}", x={"__class__": "mine", "keys": "too"}) == "minetoo"


def test_nothing_of_the_rendering_itself_can_be_printed():
    for source in ("{{ self }}", "{{ self | tojson }}", "{% for a in [1] %}{{ loop }}{% endfor %}", "{{ range }}",
                   "{% for a in [1] %}{{ loop | tojson }}{% endfor %}", "{{ x }}"):  # fmt: skip
        with pytest.raises(RenderError):
            render(source, x=[1])


def test_values_stay_as_they_are():
    values = {"x": [1, 2], "y": {"a": [3]}}
    Template(
        "{% set x = x + [3] %}{{ x | sort(reverse=true) | tojson }}{{ y.a | reverse | list | tojson }}"
    ).render(values, meter=Meter(Clock()))
    assert values == {"x": [1, 2], "y": {"a": [3]}}


@given(st.text(st.characters(codec="utf-8")))
def test_a_value_is_never_read_as_a_template(text):
    for value in (text, f"{{{{ 7 * 7 }}}}{text}", f"{{% for a in b %}}{text}", f"{{# {text}"):
        printed = render("{{ x }}{{ secret if false }}", x=value, secret="hidden")
        assert printed.replace(BREAK, "") == value.replace(BREAK, "")


# --- errors ---


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("{{ missing }}", "missing"),
        ("{{ x.missing }}", "missing"),
        ("{{ x['missing'] }}", "missing"),
        ("{{ missing | upper }}", "missing"),
        ("{{ missing | join }}", "missing"),
        ("{{ missing | tojson }}", "missing"),
        ("{{ {'a': missing} | tojson }}", "missing"),
        ("{% for a in missing %}{% endfor %}", "missing"),
        ("{% if missing %}{% endif %}", "missing"),
        ("{{ missing + 1 }}", "missing"),
        ("{{ 'a' ~ missing }}", "missing"),
        ("{{ x.a.missing }}", "missing"),
    ],
)
def test_the_variable_is_named(source, name):
    with pytest.raises(RenderError, match=f"'{name}'"):
        render(source, x={"a": {}})


def test_lists_and_objects_are_printed_by_filters():
    with pytest.raises(RenderError, match=r"A list can't be printed as it is.*tojson"):
        render("{{ x }}", x=[1])
    with pytest.raises(RenderError, match="An object can't"):
        render("{{ x }}", x={"a": 1})


SOURCES = st.sampled_from(
    ["{{{{ x {f} }}}}", "{{% for a in x %}}{{{{ a {f} }}}}{{% endfor %}}", "{{{{ (x {f}) | tojson }}}}", "{{{{ x.a {f} }}}}",
     "{{% if x {f} %}}1{{% endif %}}", "{{{{ x[0] {f} ~ y }}}}", "{{{{ (x {f}) + y }}}}", "{{{{ x[1:2] {f} }}}}", "{{{{ y < (x {f}) }}}}"]
)  # fmt: skip
ARGUMENTS = st.sampled_from(
    ["", "()", "(2)", "('a')", "(y)", "(attribute='a')", "('upper')", "(1, 2)", "(y, 'b')", "(-5)", "(none)", "('equalto', 1)",
     "(attribute=0)", "(0, true)", "(10 ** 2)", "(x)", "(9999999999)", "('in', x)", "(by='value')", "(method='ceil')"]
)  # fmt: skip
CHAINS = st.lists(
    st.tuples(st.just("|"), st.sampled_from(sorted(FILTERS)), ARGUMENTS)
    | st.tuples(st.just("is"), st.sampled_from(sorted(name for name in TESTS if name.isalpha())), ARGUMENTS),
    min_size=1, max_size=3,
)  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda each: st.lists(each, max_size=3) | st.dictionaries(st.sampled_from("abc"), each, max_size=3),
    max_leaves=5,
)


@settings(max_examples=300)
@given(SOURCES, CHAINS, JSON, JSON)
def test_whatever_goes_wrong_is_a_render_error(source, chain, x, y):
    text = source.format(f=" ".join(f"{sign} {name}{arguments}" for sign, name, arguments in chain))
    try:
        template = Template(text)
    except BadTemplateError:
        return
    with suppress(RenderError):
        assert isinstance(template.render({"x": x, "y": y}, meter=Meter(Clock(0.0001))), str)


# --- what they may cost ---


@pytest.mark.parametrize(
    "source",
    [
        "{% for a in range(101) %}{% for b in range(100) %}{% endfor %}{% endfor %}",
        "{% for a in range(101) %}{% for b in range(100) if false %}{% endfor %}{% endfor %}",
        "{% for a in range(101) %}{{ range(100) | reject('in', [1]) | length }}{% endfor %}",
        "{% for a in range(101) %}{{ range(100) | select('gt', 1000) | length }}{% endfor %}",
        "{% for a in range(101) %}{{ range(100) | map('string') | length }}{% endfor %}",
        "{% for a in range(101) %}{{ range(100) | sum }}{% endfor %}",
    ],
)
def test_steps_are_counted(source):
    with pytest.raises(RenderError, match=f"more than {MAX_STEPS} steps"):
        render(source)


def test_as_many_steps_as_there_are():
    assert render(f"{{% for a in range({MAX_STEPS - 1}) %}}x{{% endfor %}}") == "x" * (MAX_STEPS - 1)
    with pytest.raises(RenderError, match="steps"):
        render(f"{{% for a in range({MAX_STEPS}) %}}x{{% endfor %}}")


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("{% for a in range(101) %}{{ x }}{% endfor %}", "rendered prompt has more than"),
        ("{{ x | replace('x', y) }}", "a text of more than"),
        ("{{ x | replace('', y) }}", "a text of more than"),
        ("{{ [x] * 200 }}", "is for numbers"),
        ("{{ x * 200 }}", "is for numbers"),
        ("{{ ('%' ~ 9999999 ~ 'd') % 1 }}", "is for numbers"),
        ("{{ (range(101) | map('replace', 1, x) | list) | length }}{{ range(101) | join(x) }}", "a text of more than"),
        ("{% set a = x ~ x ~ x ~ x %}{% set a = a ~ a ~ a ~ a %}{% set a = a ~ a ~ a ~ a ~ a ~ a ~ a %}{{ a | length }}", "a text of more than"),
        ("{% set a = x + x + x %}{% set a = a + a + a + a %}{{ (a + a + a + a + a + a + a + a + a) | length }}", "a text of more than"),
        ("{{ [x, x, x, x, x, x, x, x, x, x, x] | map('replace', 'x', 'xxxxxxxxxx') | list | tojson }}", "a text of more than"),
        ("{{ lines | indent(20) }}", "a text of more than"),
        ("{{ lines | indent(21) }}", "indent goes up to 20"),
        ("{{ xs + xs }}", f"more than {MAX_ITEMS} items"),
        ("{{ lines | list | length }}", f"more than {MAX_ITEMS} items"),
        ("{{ range(10001) | length }}", "at most 10000 numbers"),
        ("{{ range(0, 99999999999, 1) | length }}", "at most 10000 numbers"),
        ("{{ 999999999 * 999999999 }}", "too large"),
        ("{{ 1.5 | round(-999999999) }}", "round goes to at most"),
        ("{{ 5 | round(digits) }}", "round goes to at most"),
        ("{{ 5 | round(digits, 'ceil') }}", "round goes to at most"),
    ],
)  # fmt: skip
def test_sizes_are_bounded(source, words):
    values = {"x": "x" * 10_000, "y": "y" * 1000, "lines": "\n" * 100_000, "xs": [0] * 6000, "digits": 10**9}
    with pytest.raises(RenderError, match=words):
        render(source, **values)


def test_time_is_looked_at():
    loop = "{% for a in range(5000) %}x{% endfor %}"
    assert render(loop, Clock(0.00003)) == "x" * 5000
    for source in (
        loop,
        "{% for a in range(5000) if false %}{% endfor %}",
        "{{ range(5000) | reject('lt', 9999) | length }}",
    ):
        with pytest.raises(RenderError, match="takes too long"):
            render(source, Clock(0.0001))


def test_one_meter_counts_for_all_messages_of_a_prompt():
    template, meter = Template("{{ x }}"), Meter(Clock())
    template.render({"x": "x" * (MAX_CHARACTERS - 1)}, meter=meter)
    with pytest.raises(RenderError, match="rendered prompt"):
        template.render({"x": "xx"}, meter=meter)


def test_deep_values_are_refused_by_tojson():
    deep: Any = []
    for _ in range(60):
        deep = [deep]
    with pytest.raises(RenderError, match="nested too deeply"):
        render("{{ x | tojson }}", x=deep)
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(RenderError):
        render("{{ x | tojson }}", x=[1, deep])
    while deep:
        deep = deep.pop()  # else letting go of it is too deep, too
