"""PURE: what callers are told of models that AWS has ended."""

from datetime import datetime

from gateway.snapshot.names import GEOGRAPHIES
from gateway.snapshot.state import KeyEntry, Snapshot


def advice_on(snapshot: Snapshot, key: KeyEntry, name: str, now: datetime) -> str:
    """What to call in the place of a model that AWS has ended, in a sentence; "" where the name is of none."""
    bare = name.rpartition("/")[2].lower()  # of an ARN, or behind the name of a provider
    bare = bare.partition(".")[2] if bare.partition(".")[0] in GEOGRAPHIES else bare
    successor = snapshot.retired.get(bare)
    if successor is None:
        return ""
    route = snapshot.routes.get(successor)
    if route is not None and key.may_call(route.name, now):
        return f"Use '{route.name}' in its place."
    why = "has no route here yet" if route is None else "this API key may not call"
    return f"Its successor is '{successor}', which {why}: ask an administrator of Gatehouse for it."
