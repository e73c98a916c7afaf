"""What a phase is: something that is under way as faults begin, and what has become of it when it is over."""

from typing import ClassVar

from tests.drill.phases.ground import PhaseGround


class Phase:
    """Of one row. `outcome` says what became of it; `broken` is filled where that is not as it should be."""

    name: ClassVar[str]
    lead: ClassVar[float] = 0.0
    """Seconds that it is begun before the faults."""

    def __init__(self, ground: PhaseGround, number: int) -> None:
        self.ground, self.number = ground, number
        self.outcome = ""
        self.broken = ""

    def prepare(self) -> None:
        """Makes what it takes, while all is well."""

    def begin(self) -> None:
        """Begins it, `lead` seconds before the faults; or once they are there, without a lead."""

    def is_whole(self) -> bool:
        """Whether it is over; asked again and again behind the faults. Fills `outcome`, and `broken` where there is a need."""
        raise NotImplementedError

    def close(self) -> None:
        """Behind the row."""
