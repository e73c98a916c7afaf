"""PURE: what a provider lets through of a deployment."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Quotas:
    """Of a deployment, each minute; None where one is not known. `pool` names what deployments share them."""

    pool: str
    requests: int | None = None
    tokens: int | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    burndown: int = 1
    """Tokens of the quota that one token of output takes."""
    most: tuple[tuple[str, int], ...] = field(init=False)
    """Those that are known, by name."""

    def __post_init__(self) -> None:
        named = (
            ("requests", self.requests),
            ("tokens", self.tokens),
            ("input", self.input_tokens),
            ("output", self.output_tokens),
        )
        object.__setattr__(self, "most", tuple((name, most) for name, most in named if most is not None))
