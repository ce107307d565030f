"""`moved OLD -> NEW`: where the people of a stage go when the text is put into force."""

from dataclasses import dataclass

from campflow.model.flow import Campaign
from campflow.planning.plan import Statement

#: Orders of `moved` lines: they are no items of the campaign that anyone walks past.
FIRST_ORDER = 1_000_000


@dataclass(frozen=True, slots=True)
class Carry:
    """The line, the stage that people are in, and the one where the lines from there end."""

    statement: Statement
    old: str
    new: str


def carries(campaign: Campaign) -> tuple[Carry, ...]:
    """One for each `moved` line, in the order of the file."""
    to = {line.old: line.new for line in campaign.moves}
    return tuple(
        Carry(
            Statement(FIRST_ORDER + place, f"moved {line.old} -> {line.new}", line.span),
            line.old,
            _end(to, line.old),
        )
        for place, line in enumerate(campaign.moves)
    )


def _end(to: dict[str, str], stage: str) -> str:
    while stage in to:  # the checker has seen to it that this is no circle
        stage = to[stage]
    return stage
