"""What each model takes, and by which ids it is reached."""

from pathlib import Path

import pytest

from embedded.simulator.errors import AwsError
from embedded.simulator.models import CATALOGUE, Models, SimulatedModel
from embedded.simulator.strict.capabilities import EVERYTHING, ModelCapabilities, families_of
from tests.embedded.strict_bodies import (
    FABLE,
    HAIKU,
    LLAMA,
    MICRO,
    MODELS,
    NOVA,
    QWEN,
    body,
    image,
    inference,
    of_converse,
    user,
)


def takes(model_id: str) -> ModelCapabilities:
    return MODELS.called(model_id, "us-east-1").capabilities


def test_later_entries_of_the_file_override_earlier_ones() -> None:
    assert (takes(HAIKU).sampling, takes(FABLE).sampling, takes(NOVA).sampling) == ("one", "none", "all")
    assert takes(HAIKU).thinking == ("budget",)
    assert takes(FABLE).thinking == ("adaptive",)
    assert (takes(HAIKU).structured_output, takes(FABLE).structured_output) == (True, False)
    assert takes(LLAMA).text_with_results is False
    assert takes(QWEN).stop_sequences is False


def test_media_and_tools_come_from_the_catalogue() -> None:
    assert (takes(NOVA).images, takes(MICRO).images) == (True, False)
    assert takes("us.deepseek.r1-v1:0").tools is False


def test_the_id_of_count_tokens_is_the_models_own() -> None:
    assert takes(HAIKU).count_tokens_id == HAIKU.removeprefix("us.")
    assert takes(NOVA).count_tokens_id == ""


def test_without_the_files_all_models_take_everything(tmp_path: Path) -> None:
    assert families_of(tmp_path / "none.json") == []
    alone = Models.load(tmp_path / "none.json")
    assert alone.called(HAIKU, "us-east-1").capabilities == EVERYTHING
    lenient = Models.load(lenient=True)
    assert lenient.called(HAIKU.removeprefix("us."), "us-east-1").capabilities == EVERYTHING


def reached() -> list[tuple[str, str]]:
    """Every text model by an id and a region that reach it."""
    found = []
    for region in ("us-east-1", "eu-central-1", "ap-northeast-1"):
        ids = [each["inferenceProfileId"] for each in MODELS.profiles(region)]
        ids += [each["modelId"] for each in MODELS.summaries(region, {"byInferenceType": "ON_DEMAND"})]
        found += [(each, region) for each in ids]
    return found


@pytest.mark.parametrize(("model_id", "region"), reached())
def test_a_plain_chat_goes_to_every_model(model_id: str, region: str) -> None:
    model: SimulatedModel = MODELS.called(model_id, region)
    if model.kind == "text" and region == "us-east-1":
        assert of_converse(body("Hello", **inference(maxTokens=100)), model_id) == ("", None)


@pytest.mark.parametrize(
    ("model_id", "region", "words"),
    [
        ("amazon.nova-pro-v1:0", "ap-northeast-1", "on-demand throughput isn"),  # which a profile reaches
        ("amazon.nova-pro-v1:0", "ca-central-1", "model identifier is invalid"),
        ("qwen.qwen3-32b-v1:0", "eu-west-3", "model identifier is invalid"),
        ("us.amazon.nova-pro-v1:0", "eu-west-1", "model identifier is invalid"),
        ("jp.amazon.nova-pro-v1:0", "ap-northeast-1", "model identifier is invalid"),
        (
            "arn:aws:bedrock:us-west-2:1:inference-profile/us.amazon.nova-pro-v1:0",
            "us-east-1",
            "model identifier is invalid",
        ),
        (
            "arn:aws:bedrock:us-west-2::foundation-model/amazon.nova-pro-v1:0",
            "us-east-1",
            "model identifier is invalid",
        ),
    ],
)
def test_a_model_that_is_not_in_the_region_is_refused(model_id: str, region: str, words: str) -> None:
    with pytest.raises(AwsError, match=words) as caught:
        MODELS.called(model_id, region)
    assert (caught.value.code, caught.value.status) == ("ValidationException", 400)


def test_a_region_may_be_set_to_have_every_model_that_is_offered_by_itself_anywhere() -> None:
    assert MODELS.called("qwen.qwen3-32b-v1:0", "eu-west-3", anywhere=True).name
    with pytest.raises(AwsError, match="on-demand throughput"):
        MODELS.called(HAIKU.removeprefix("us."), "us-east-1", anywhere=True)


def test_a_retired_model_is_gone() -> None:
    old = SimulatedModel("amazon.old-v1:0", "Old", "Amazon", end_of_life="2025-01-01")
    with pytest.raises(AwsError, match="reached the end of its life") as caught:
        Models((old,), closed=True).called("amazon.old-v1:0", "us-east-1")
    assert caught.value.status == 404


def test_what_accounts_have_of_their_own_takes_everything() -> None:
    own = "arn:aws:bedrock:us-east-1:123456789012:custom-model-deployment/abcdefghijkl"
    assert of_converse(body(user(image()), **inference(temperature=1, topP=1)), own) == ("", None)
    assert CATALOGUE.is_file()
