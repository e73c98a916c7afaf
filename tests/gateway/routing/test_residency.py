"""Where calls may be answered."""

import pytest

from gateway.routing.residency import geography_of, places_of


@pytest.mark.parametrize(
    ("invoke_id", "geography"),
    [
        ("anthropic.claude-sonnet-4-5-20250929-v1:0", ""),
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "us"),
        ("global.anthropic.claude-sonnet-4-5-20250929-v1:0", "global"),
        ("us-gov.anthropic.claude-sonnet-4-5-20250929-v1:0", "us-gov"),
        ("arn:aws:bedrock:eu-central-1:1:inference-profile/eu.amazon.nova-lite-v1:0", "eu"),
        ("arn:aws:bedrock:eu-central-1:1:provisioned-model/abc", ""),
        ("arn:aws:bedrock:eu-central-1:1:application-inference-profile/abc", "unknown"),
        ("arn:aws:bedrock:eu-central-1:1:default-prompt-router/anthropic.claude:1", "unknown"),
        ("arn:aws:bedrock:eu-central-1:1:prompt-router/abc", "unknown"),
        ("arn:aws:bedrock:eu-central-1:1:prompt/ABCDEFGHIJ", "unknown"),
        ("amazon.nova-lite-v1:0", ""),
        ("eu.mistral", ""),
    ],
)
def test_the_geography_of_a_profile(invoke_id, geography):
    assert geography_of(invoke_id) == geography


@pytest.mark.parametrize(
    ("region", "places"),
    [
        ("eu-central-1", {"eu-central-1", "eu"}),
        ("us-gov-west-1", {"us-gov-west-1", "us-gov"}),
        ("ap-northeast-1", {"ap-northeast-1", "jp", "apac"}),
        ("openai", {"openai"}),
    ],
)
def test_where_a_region_is(region, places):
    assert places_of(region) == places
