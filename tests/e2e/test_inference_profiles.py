"""Application inference profiles: made once, tagged with the team, and used by its calls alone."""

from gateway.providers.bedrock.profiles import profile_name
from tests.services import until


def test_a_team_s_calls_go_through_its_own(world):
    key = world.new_key(team="Profiled & Co.")
    until(lambda: _ask(world, key).status_code == 200, what="the new key")
    arguments = ("create_inference_profiles", "--team", "Profiled & Co.", "--route", "claude-sonnet-4-5")
    assert "would make Profiled-Co-" in world.stack.manage(*arguments, "--dry-run")
    first = world.stack.manage(*arguments)
    assert ": made arn:aws:bedrock:us-east-1:" in first
    again = world.stack.manage(*arguments)
    assert ": found arn:aws:bedrock:us-east-1:" in again
    assert "made" not in again

    def invoked() -> str:
        answer = _ask(world, key)
        assert answer.status_code == 200, answer.text
        record = world.record(answer.headers["x-gatehouse-call-id"])
        assert record["cost_nanos"] > 0
        return str(record["invoke_id"])

    until(lambda: "application-inference-profile/" in invoked(), what="the profile's use")
    assert "application-inference-profile/" in str(world.received()[-1])
    other = world.record(world.chat().headers["x-gatehouse-call-id"])
    assert "application-inference-profile" not in other["invoke_id"]


def test_names_are_what_aws_takes():
    name = profile_name(
        "R&D: Zürich, the second team of two", 12, "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
    )
    assert len(name) <= 64
    assert name.replace("-", "").isalnum()
    assert "--" not in name
    assert name.isascii()


def _ask(world, key):
    body = {
        "model": "claude-sonnet-4-5",
        "messages": [{"role": "user", "content": "Hello"}],
        "max_tokens": 20,
    }
    return world.post(key=key, json=body)
