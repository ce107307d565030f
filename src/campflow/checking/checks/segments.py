"""Segments do not need each other in a circle."""

from collections.abc import Iterator, Sequence

from campflow.checking.names import Names
from campflow.checking.segments import cycles
from campflow.checking.wording import declarations as say
from campflow.diagnostics.diagnostic import Diagnostic
from campflow.language.syntax import FlowFile


def no_segment_needs_itself(files: Sequence[FlowFile], names: Names) -> Iterator[Diagnostic]:
    """No segment asks for itself, not by way of others either. A circle is told once."""
    for circle in cycles(names.segments):
        yield say.segment_cycle(circle)
