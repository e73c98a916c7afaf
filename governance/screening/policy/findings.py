"""PURE: one hit of what a policy looks for."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to protect at `text[start:end]`, in code points; `score` from 0 to 1, `rule` says who found it."""

    start: int
    end: int
    entity: str
    score: float = 1.0
    rule: str = ""

    def moved(self, offset: int) -> "Finding":
        """The same in a text that has so many code points before this one."""
        if offset == 0:
            return self
        return Finding(self.start + offset, self.end + offset, self.entity, self.score, self.rule)

    def overlaps(self, other: "Finding") -> bool:
        """Whether the two share a character."""
        return self.start < other.end and other.start < self.end
