"""What a prompt asks of its models and they don't take is told before it is submitted."""

import pytest

from gateway.catalogue.models import Deployment, Model, Route, RouteTarget
from gateway.catalogue.seed import facts_of
from gateway.routing.prompt_problems import problems_for_models
from prompts.registry.policy.document import Document, Parameters, PromptMessage
from prompts.registry.services.reviews import UnsubmittableError, submit
from tests.prompts.registry.factories import make_prompt, make_version

MESSAGES = (PromptMessage(text="Hello"),)


def make_route(name: str, *model_ids: str) -> None:
    route = Route.objects.create(name=name)
    for position, model_id in enumerate(model_ids):
        model = Model.objects.create(
            model_id=model_id,
            name=model_id,
            vendor="x",
            context_window=1000,
            supports_tools=True,
            **facts_of(model_id),
        )
        deployment = Deployment.objects.create(model=model, region="us-east-1")
        RouteTarget.objects.create(route=route, deployment=deployment, position=position)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        (Parameters(), []),
        (Parameters(temperature=0.3), ["anthropic.claude-opus-4-8: 'temperature' is deprecated for this model. Leave it out."]),
        (Parameters(temperature=1.0), []),
        (Parameters(stop_sequences=("END",)), ["qwen.qwen3-32b-v1:0: stop: the model qwen.qwen3-32b-v1:0 takes no stop sequences. Leave 'stop' out."]),
        (Parameters(extra={"top_k": 3}), ["anthropic.claude-opus-4-8: 'top_k' is deprecated for this model. Leave it out."]),
    ],
)  # fmt: skip
def test_each_deployment_of_the_route_is_asked(parameters, words):
    make_route("both", "anthropic.claude-opus-4-8", "qwen.qwen3-32b-v1:0")
    assert problems_for_models(Document(model="both", messages=MESSAGES, parameters=parameters)) == words


@pytest.mark.django_db
def test_such_a_draft_is_not_submitted():
    make_route("opus", "anthropic.claude-opus-4-8")
    prompt = make_prompt(
        None, "greeting", document={"messages": [{"text": "Hello"}], "model": "opus"}, label="", state="draft"
    )
    document = {"messages": [{"text": "Hello"}], "model": "opus", "parameters": {"temperature": 0.2}}
    version = make_version(prompt, number=2, state="draft", document=document, note="Warmer")
    with pytest.raises(UnsubmittableError, match="'temperature' is deprecated"):
        submit(version=version, by=None)
