"""The checks: each a small function that promises one thing. `CHECKS` lists them all."""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from campflow.checking.checks.campaigns import decided_by_measure, no_exit_of_final, nothing_missing
from campflow.checking.checks.content import addresses_exist, content_exists, content_is_sound, options_are_known
from campflow.checking.checks.currencies import one_currency
from campflow.checking.checks.goals import goals_are_measured
from campflow.checking.checks.moves import moves_lead_somewhere
from campflow.checking.checks.pages import pages_are_sound
from campflow.checking.checks.percentages import arms_sum_up
from campflow.checking.checks.segments import no_segment_needs_itself
from campflow.checking.checks.templates import template_fields_exist
from campflow.checking.checks.written_texts import written_texts_are_sound
from campflow.checking.names import Names
from campflow.diagnostics.diagnostic import Diagnostic
from campflow.language.syntax import FlowFile

#: Looks at all files at once and says what is wrong, each mistake once.
Check: TypeAlias = Callable[[Sequence[FlowFile], Names], Iterable[Diagnostic]]

CHECKS: tuple[Check, ...] = (
    nothing_missing,
    no_exit_of_final,
    decided_by_measure,
    arms_sum_up,
    goals_are_measured,
    moves_lead_somewhere,
    no_segment_needs_itself,
    one_currency,
    content_exists,
    content_is_sound,
    addresses_exist,
    options_are_known,
    pages_are_sound,
    template_fields_exist,
    written_texts_are_sound,
)


def check(files: Sequence[FlowFile], names: Names) -> tuple[Diagnostic, ...]:
    """What all checks find. They look at what was written, so a campaign with a mistake is checked as well."""
    return tuple(diagnostic for one in CHECKS for diagnostic in one(files, names))
