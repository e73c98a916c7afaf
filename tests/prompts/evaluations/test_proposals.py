"""A shorter prompt is proposed as a draft, and taken only where the prompt's tests hold."""

from collections.abc import Iterator
from typing import Any

import pytest

from accounts.models import Team, User
from kernel.clock import utc_now
from prompts.evaluations.services.runner import Pace, run_for
from prompts.registry.models import Prompt, PromptVersion
from prompts.registry.policy.document import decode_document, encode_document
from prompts.registry.services.labels import move_label
from prompts.registry.services.prompts import PromptError, save_draft
from prompts.registry.services.proposals import proposal_for, propose
from prompts.registry.services.reviews import submit
from tests.accounts.api_resources import API, ask
from tests.accounts.factories import make_superuser, make_team
from tests.governance.records.factories import make_call
from tests.prompts.evaluations.factories import begin, make_set
from tests.prompts.registry.factories import make_prompt
from tests.queueing import queue_nothing
from tests.run_server import RunServer, running

pytestmark = [pytest.mark.django_db(transaction=True)]
RULE = "Answer in capitals, and never say what the company thinks of its competitors."
LONG = {
    "model": "nova-lite",
    "messages": [
        {"role": "system", "text": f"{RULE}\n\nBe brief.\n\n\n\n{RULE}"},
        {"text": "{{ question }}"},
    ],
    "variables": [{"name": "question"}],
}


@pytest.fixture
def user() -> User:
    return make_superuser()


@pytest.fixture
def team() -> Team:
    return make_team("Support")


@pytest.fixture
def prompt(team: Team) -> Prompt:
    return make_prompt(team, document=LONG, label="production")


@pytest.fixture
def server(team: Team, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunServer]:
    queue_nothing(monkeypatch)
    with running(team.pk) as started:
        settings.GATEWAY_URL = started.url
        yield started


def run_tests(test_set: Any, draft: PromptVersion, by: User) -> None:
    evaluation = begin(test_set, by, candidates=[{"version": draft.number}])
    run_for(evaluation.pk, seconds=20.0, pace=Pace(idle_seconds=0.5, look_again_seconds=0.2))


def test_it_is_taken_where_the_test_set_holds(prompt, team, user, server):
    make_call(team, prompt_id=prompt.pk, prompt_version=1, prompt_name=prompt.name)
    found = proposal_for(prompt, now=utc_now())
    assert (found.calls, found.version.number) == (1, 1)
    assert found.found.tokens > 10
    draft = propose(prompt=prompt, by=user, now=utc_now())
    assert decode_document(draft.document).messages[0].text == f"{RULE}\n\nBe brief."
    assert (draft.proposal, draft.proposed_of, draft.is_draft) == ("shorter", 1, True)
    with pytest.raises(PromptError, match="as draft 2"):
        propose(prompt=prompt, by=user, now=utc_now())
    with pytest.raises(PromptError, match="no test set"):
        submit(version=draft, by=user)
    test_set = make_set(team, prompt)
    with pytest.raises(PromptError, match="never run on version 2"):
        submit(version=draft, by=user)
    run_tests(test_set, draft, user)
    approved = submit(version=draft, by=user)
    assert move_label(prompt=prompt, name="production", version=approved, by=user).version == approved
    assert proposal_for(prompt, now=utc_now()) is None


def test_it_is_not_taken_where_an_answer_is_another(prompt, team, user, server):
    draft = propose(prompt=prompt, by=user, now=utc_now())
    test_set = make_set(team, prompt)
    server.behave = lambda path, body, attempt: (
        200,
        {**server.usual(path, body, attempt)[1], "output": "no"},
        {},
    )
    run_tests(test_set, draft, user)
    with pytest.raises(PromptError, match="did not pass on version 2"):
        submit(version=draft, by=user)
    changed = decode_document({**draft.document, "messages": [{"text": "Something else: {{ question }}"}]})
    draft.refresh_from_db()
    draft = save_draft(version=draft, document=changed, revision=draft.revision, by=user)
    with pytest.raises(PromptError, match="before version 2 was last changed"):
        submit(version=draft, by=user)
    assert encode_document(changed) == draft.document


def test_pages_and_api_propose_it(prompt, team, user, client):
    client.force_login(user)
    page = client.get(f"/admin/prompts/prompt/{prompt.pk}/change/").content.decode()
    assert "It could be shorter" in page
    found = client.get(f"{API}/prompts/{prompt.pk}/shorter/").json()
    assert found["cuts"][0]["kind"] == "passage"
    answer = client.post(f"/admin/prompts/prompt/{prompt.pk}/do/", {"action": "shorten"}, follow=True)
    page = answer.content.decode()
    assert "Proposed by Gatehouse" in page
    assert "no test set with cases" in page
    again = ask(client, "post", f"{API}/prompts/{prompt.pk}/shorter/")
    assert again.status_code == 409, again.content
    other = make_prompt(team, "other", label="production")
    assert client.get(f"{API}/prompts/{other.pk}/shorter/").status_code == 404
