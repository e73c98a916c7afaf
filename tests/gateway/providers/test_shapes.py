"""What bodies at Bedrock's own entrance are held to is botocore's model of today."""

import json

from gateway.providers.bedrock.shapes import SHAPES_FILE, converse_shapes


def test_the_extract_is_current():
    """If not: `python -m gateway.providers.bedrock.shapes` writes it anew, and what is new wants a look."""
    assert json.loads(SHAPES_FILE.read_text()) == converse_shapes()
