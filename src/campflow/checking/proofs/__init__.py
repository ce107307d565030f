"""Proofs over conditions and the graph of stages. `PROOFS` lists them all; nothing is reported that is not proven."""

from collections.abc import Callable, Iterable
from typing import TypeAlias

from campflow.checking.proofs.conditions import no_condition_is_constant
from campflow.checking.proofs.dead_ends import no_dead_end
from campflow.checking.proofs.evidence import Evidence
from campflow.checking.proofs.limits import no_limit_starves
from campflow.checking.proofs.overdue import no_run_is_over
from campflow.checking.proofs.reach import every_stage_is_reached
from campflow.checking.proofs.reactions import conversions_can_happen, reactions_follow_messages
from campflow.checking.proofs.shadowing import no_way_out_is_shadowed
from campflow.checking.proofs.spins import no_spin
from campflow.checking.proofs.trials import no_trials_overlap
from campflow.checking.proofs.unused import everything_is_used
from campflow.diagnostics.diagnostic import Diagnostic

#: Looks at the whole project and says what it can prove to be wrong, each mistake once.
Proof: TypeAlias = Callable[[Evidence], Iterable[Diagnostic]]

PROOFS: tuple[Proof, ...] = (
    no_condition_is_constant,
    every_stage_is_reached,
    no_dead_end,
    no_spin,
    no_way_out_is_shadowed,
    reactions_follow_messages,
    conversions_can_happen,
    no_limit_starves,
    no_trials_overlap,
    no_run_is_over,
    everything_is_used,
)


def prove(evidence: Evidence) -> tuple[Diagnostic, ...]:
    """What all proofs find, in mistaken campaigns as far as they are understood."""
    return tuple(diagnostic for one in PROOFS for diagnostic in one(evidence))


__all__ = ["PROOFS", "Evidence", "Proof", "prove"]
