"""Where boto3 looks for its settings, for one test."""

from collections.abc import Mapping

import boto3
import pytest


def use_aws(monkeypatch: pytest.MonkeyPatch, variables: Mapping[str, str]) -> None:
    """Sets these for a test. boto3's own session keeps the credentials that it first found, so there is a new one."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
