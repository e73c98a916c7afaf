"""Application inference profiles, in Bedrock's control plane: what AWS's bill is told apart by. Called by a command."""

import re
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from gateway.providers.bedrock.boto_time import timed_client
from gateway.providers.bedrock.offers import ControlPlaneError

TAG = "gatehouse:team"
_NOT_IN_TAGS = re.compile(r"[^a-zA-Z0-9\s._:/=+@-]", re.ASCII)
"""Source: botocore's shape TagValue. Teams have names in any script."""
_NOT_ALLOWED = re.compile(r"[^0-9a-zA-Z]+")


def profile_name(team: str, team_id: int, invoke_id: str) -> str:
    """A name that AWS takes: letters and digits with single dashes between, up to 64."""
    parts = (_NOT_ALLOWED.sub("-", part).strip("-") for part in (team[:20], str(team_id), invoke_id))
    return "-".join(part for part in parts if part)[:64].strip("-")


def ensure_profile(
    *, region: str, endpoint_url: str, name: str, copy_from: str, team: str
) -> tuple[str, bool]:
    """The ARN of the profile of this name, and whether it was made now. Raises ControlPlaneError."""
    config = Config(connect_timeout=5, read_timeout=20, retries={"max_attempts": 2, "mode": "standard"})
    try:
        client = timed_client("bedrock", region_name=region, endpoint_url=endpoint_url or None, config=config)
        for page in client.get_paginator("list_inference_profiles").paginate(typeEquals="APPLICATION"):
            for summary in page["inferenceProfileSummaries"]:
                if summary["inferenceProfileName"] == name:
                    return str(summary["inferenceProfileArn"]), False
        made: dict[str, Any] = client.create_inference_profile(
            inferenceProfileName=name,
            modelSource={"copyFrom": copy_from},
            tags=[{"key": TAG, "value": _NOT_IN_TAGS.sub("-", team)[:256]}],
        )
    except (BotoCoreError, ClientError) as error:
        raise ControlPlaneError(f"{region}: {error}") from error
    return str(made["inferenceProfileArn"]), True


def source_arn(*, region: str, invoke_id: str, profile: str, account: str) -> str:
    """What a profile is copied from: the model itself, or a cross-region profile."""
    if profile:
        return f"arn:aws:bedrock:{region}:{account}:inference-profile/{invoke_id}"
    return f"arn:aws:bedrock:{region}::foundation-model/{invoke_id}"


def account_id(endpoint_url: str) -> str:
    """The AWS account of the credentials. The simulator has one of its own. Raises ControlPlaneError."""
    if endpoint_url:
        return "000000000000"
    try:
        return str(timed_client("sts").get_caller_identity()["Account"])
    except (BotoCoreError, ClientError) as error:
        raise ControlPlaneError(f"Who the credentials are of can't be told: {error}") from error
