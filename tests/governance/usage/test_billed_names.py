"""Which model, region and month a line of AWS's bill is of."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.usage.policy.aws_costs import report_of
from governance.usage.policy.billed_names import billed_model, keys_of_id, name_key, region_of_usage
from governance.usage.policy.invocation_logs import is_log
from tests.services import ROOT


@pytest.mark.parametrize(
    ("product", "usage_type", "model_id"),
    [
        ("", "USE1-NovaLite-input-tokens", "amazon.nova-lite-v1:0"),
        ("", "USE1-Nova2.0Lite-cache-read-input-token-count", "us.amazon.nova-2-lite-v1:0"),
        ("", "EUC1-Llama3-3-70B-output-tokens", "meta.llama3-3-70b-instruct-v1:0"),
        ("", "USE1-gpt-oss-120b-mantle-input-tokens-standard", "openai.gpt-oss-120b-1:0"),
        (
            "Claude Haiku 4.5 ",
            "USE1-MP:USE1_InputTokenCount-Units",
            "anthropic.claude-haiku-4-5-20251001-v1:0",
        ),
        (
            "Claude 4.6 Sonnet",
            "USW2-MP:USW2_OutputTokenCount_Global-Units",
            "global.anthropic.claude-sonnet-4-6",
        ),
        ("Claude 3.5 Sonnet v2", "", "anthropic.claude-3-5-sonnet-20241022-v2:0"),
        ("OpenAI GPT-5.6 Sol", "", "openai.gpt-5.6-sol"),
    ],
)
def test_the_bill_s_name_of_a_model(product, usage_type, model_id):
    assert name_key(billed_model(product, usage_type)) in keys_of_id(model_id)


def test_no_two_models_of_the_catalogue_have_a_key_in_common():
    models = json.loads((ROOT / "gateway/catalogue/catalog.json").read_text())["models"]
    keys = [key for model in models for key in keys_of_id(model["model_id"])]
    assert len(keys) == len(set(keys))


@given(st.lists(st.text("abcdefgh", min_size=1), min_size=1), st.randoms())
def test_the_order_of_words_does_not_matter(words, random):
    other = random.sample(words, len(words))
    assert name_key(" ".join(words)) == name_key("-".join(other).upper())


@given(st.text(max_size=80))
def test_any_text_is_taken(text):
    assert name_key(text) == name_key(f" {text} ")
    assert keys_of_id(text)
    assert isinstance(billed_model("", text), str)


@pytest.mark.parametrize(
    ("usage_type", "region"),
    [
        ("USE1-NovaLite-input-tokens", "us-east-1"),
        ("APS3-x", "ap-south-1"),
        ("EU-x", "eu-west-1"),
        ("NovaLite", ""),
    ],
)
def test_the_region_of_a_usage_type(usage_type, region):
    assert region_of_usage(usage_type) == region


@pytest.mark.parametrize(
    ("address", "report", "delivery"),
    [
        ("s3://b/p/x/data/BILLING_PERIOD=2026-11/x-1.csv.gz", "s3://b/p/x/data/BILLING_PERIOD=2026-11", ""),
        ("s3://b/x/data/BILLING_PERIOD=2026-11/2026-11-02T0-id/x-1.csv.gz", "s3://b/x/data/BILLING_PERIOD=2026-11",
         "2026-11-02T0-id"),
        ("s3://b/r/20261101-20261201/8f-id/r-1.csv.gz", "s3://b/r/20261101-20261201", "8f-id"),
        ("/bills/r/year=2026/month=1/r-00001.snappy.parquet", "/bills/r/year=2026/month=1", ""),
        ("/bills/november.csv", "/bills/november.csv", ""),
    ],
)  # fmt: skip
def test_the_month_and_the_delivery_of_a_file(address, report, delivery):
    assert report_of(address) == (report, delivery)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("s3://b/AWSLogs/1/BedrockModelInvocationLogs/us-east-1/2026/11/21/09/x.json.gz", True),
        ("s3://b/data/AWSLogs/1/BedrockModelInvocationLogs/us-east-1/2026/11/21/09/x.json.gz", True),
        ("s3://b/AWSLogs/1/BedrockModelInvocationLogs/us-east-1/2026/11/21/09/data/x_input.json.gz", False),
        ("s3://b/AWSLogs/1/BedrockModelInvocationLogs/amazon-bedrock-logs-permission-check", False),
        ("/logs/plain.jsonl", True),
    ],
)
def test_which_objects_are_of_the_log(address, expected):
    assert is_log(address) == expected
