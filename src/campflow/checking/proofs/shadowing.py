"""No way out is always beaten by an earlier one."""

from collections.abc import Iterator

from campflow.checking.proofs.evidence import Evidence
from campflow.checking.wording import graphs as say
from campflow.diagnostics.diagnostic import Diagnostic


def no_way_out_is_shadowed(evidence: Evidence) -> Iterator[Diagnostic]:
    """Every way out acts for somebody: no other, or several together, always act earlier, or at the same moment and
    stand before it. Of ways out that nobody's conditions let act, the condition is told instead."""
    for walk in evidence.walks:
        for shadow in walk.shadowed:
            if not shadow.station.final and not shadow.told:
                yield say.shadowed(shadow.station.name, shadow.exit.way, shadow.beaters, shadow.at_entry)
