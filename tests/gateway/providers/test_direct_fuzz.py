"""Whatever an entrance accepts, and a model at its provider can take, that provider's simulator takes."""

import os
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.gateway.providers.direct_bodies import MODELS, outcome
from tests.gateway.wire.test_fit_fuzz import BODIES


@pytest.mark.parametrize("entrance", sorted(BODIES))
def test_what_is_accepted_is_taken(entrance):
    @settings(
        max_examples=int(os.environ.get("FUZZ", "150")),
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(BODIES[entrance], st.sampled_from(sorted(MODELS)))
    def held(body: dict[str, Any], name: str) -> None:
        outcome(entrance, name, body)

    held()
