"""What of a policy a level above overrules is said on publishing: in the admin, by the API and by the command."""

from typing import Any

import pytest

from governance.privacy.models import PrivacyPolicy
from governance.privacy.policy.overruled import overruled
from governance.privacy.policy.presets import PRESETS
from governance.privacy.policy.privacy import InForce, PolicyDocument, PrivacyRule, Screening
from governance.privacy.services.privacy import publish
from tests.accounts.api_resources import API, ask
from tests.governance.privacy.test_privacy_policies import policy_of
from tests.world import World

EMAIL = "EMAIL_ADDRESS"


def said(above: dict[str, Any], own: dict[str, Any]) -> list[str]:
    return overruled(PolicyDocument(**own), [InForce("the organisation", 3, PolicyDocument(**above))])


@pytest.mark.parametrize(
    ("above", "own", "words"),
    [
        ({}, {"bodies": "raw"}, "Storage: “raw text is kept, too” has no effect"),
        ({"bodies": "none"}, {"bodies": "redacted"}, "“nothing is kept” of the organisation is stricter"),
        ({"sample_percent": 10}, {"sample_percent": 50}, "“50 % of calls”"),
        ({"documents": "refuse"}, {"documents": "read"}, "Documents: “read”"),
        ({"screening": Screening(leak="block")}, {"other_model": "nova-lite"}, "nova-lite is not asked"),
        ({"screening": Screening(user="block")}, {"screening": Screening(user="flag")}, "Screening (user): “flag”"),
        ({"screening": Screening(flag_at=0.3)}, {"screening": Screening(flag_at=0.8)}, "Screening (flag_at): “0.8”"),
        ({"rules": (PrivacyRule(entity=EMAIL),)}, {"rules": (PrivacyRule(entity=EMAIL, to_model="log"),)}, "to the model: “count only”"),
        (
            {"rules": (PrivacyRule(entity=EMAIL),)},
            {"rules": (PrivacyRule(entity=EMAIL, allow=("a@example.com",)),)},
            "is found by the rule of the organisation all the same",
        ),
    ],
)  # fmt: skip
def test_what_is_milder_than_above_is_said(above: dict[str, Any], own: dict[str, Any], words: str) -> None:
    (line,) = said(above, own)
    assert words in line


@pytest.mark.parametrize(
    ("above", "own"),
    [
        ({"bodies": "raw"}, {"bodies": "raw"}),
        ({"bodies": "raw"}, {"bodies": "redacted", "sample_percent": 5}),
        ({"screening": Screening(user="block"), "documents": "refuse"}, {}),
        ({"rules": (PrivacyRule(entity=EMAIL, languages=("de",)),)}, {"rules": (PrivacyRule(entity=EMAIL, to_model="log"),)}),
        ({"rules": (PrivacyRule(entity=EMAIL),)}, {"rules": (PrivacyRule(entity=EMAIL, to_model="block"),)}),
    ],
)  # fmt: skip
def test_what_holds_or_was_not_chosen_is_not_said(above: dict[str, Any], own: dict[str, Any]) -> None:
    assert said(above, {"sample_percent": 100} | own) == []


@pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS.keys())
def test_a_preset_below_itself_is_not_overruled(preset: Any) -> None:
    assert overruled(preset.document, [InForce("the organisation", 1, preset.document)]) == []
    assert overruled(preset.document, []) == []


@pytest.mark.django_db
def test_it_is_said_on_publishing(world: World) -> None:
    policy_of(world, bodies="raw")
    policy = world.mine.team.privacy_policies.get()
    page = f"/admin/governance/privacypolicy/{policy.pk}/publish/"
    client = world.client("superuser")
    before = client.get(page).content.decode()
    assert "raw text is kept, too” has no effect" in before
    assert "Publish a policy of the organisation that says the same." in before
    after = client.post(page, {"reason": "Debugging", "action": "publish"}, follow=True)
    assert sum("has no effect" in str(message) for message in after.context["messages"]) == 1
    url = f"{API}/privacy-policies/{policy.pk}/publish/"
    answer = ask(world.client("owner"), "post", url, {"reason": "Debugging"}).json()
    assert "the preset" in answer["overruled"][0]
    publish(policy_of(world, whose="organisation", bodies="raw"), by=world.superuser, reason="Allowed")
    assert ask(world.client("owner"), "post", url, {"reason": "Again"}).json()["overruled"] == []
    organisation = PrivacyPolicy.objects.get(team=None)
    assert "What has no effect" not in client.get(
        f"/admin/governance/privacypolicy/{organisation.pk}/publish/"
    ).content.decode()  # fmt: skip
