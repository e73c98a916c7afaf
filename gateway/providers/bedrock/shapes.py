"""The shapes of Converse's request, taken out of botocore's service model: what a body at Bedrock's own entrance is held to.

`python -m gateway.providers.bedrock.shapes` writes them anew, after botocore was updated; a test says when that is due.
"""

import json
from pathlib import Path
from typing import Any

from botocore.loaders import Loader

SHAPES_FILE = Path(__file__).resolve().parents[2] / "wire" / "converse_shapes.json"
_ROOT = "ConverseRequest"
_KEPT = ("type", "required", "min", "max", "pattern", "enum", "union", "document", "location", "box")


def converse_shapes() -> dict[str, Any]:
    """By name, without their documentation."""
    shapes = Loader().load_service_model("bedrock-runtime", "service-2")["shapes"]
    found: dict[str, Any] = {}
    waiting = [_ROOT]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        shape = shapes[name]
        kept = found[name] = {key: shape[key] for key in _KEPT if key in shape}
        if "members" in shape:
            kept["members"] = {
                own: {key: member[key] for key in ("shape", "location", "locationName") if key in member}
                for own, member in shape["members"].items()
            }
            waiting += [member["shape"] for member in shape["members"].values()]
        for role in ("member", "key", "value"):
            if role in shape:
                kept[role] = {"shape": shape[role]["shape"]}
                waiting.append(shape[role]["shape"])
    return dict(sorted(found.items()))


def as_text() -> str:
    """As the file has them."""
    return json.dumps(converse_shapes(), indent=0, sort_keys=True) + "\n"


if __name__ == "__main__":
    SHAPES_FILE.write_text(as_text(), encoding="utf-8")
