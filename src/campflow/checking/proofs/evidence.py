"""What proofs look at: the texts' trees, the names, the model as far as it is sound, and today's date."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from campflow.checking.names import Names
from campflow.checking.placed import Placed
from campflow.checking.proofs.sketch import sketches
from campflow.checking.proofs.walking import Walk
from campflow.checking.texts import Texts
from campflow.checking.tree import find
from campflow.diagnostics.diagnostic import Diagnostic
from campflow.language import syntax
from campflow.language.syntax import FlowFile
from campflow.model.flow import Flow


@dataclass(frozen=True)
class Evidence:
    """`unread` are the lines that could not be read. `today` None: nobody knows which day it is."""

    files: Sequence[FlowFile]
    names: Names
    flow: Flow
    placed: Placed
    texts: Texts
    unread: Sequence[Diagnostic] = ()
    today: dt.date | None = None

    @cached_property
    def walks(self) -> tuple[Walk, ...]:
        """Every campaign as a graph that can be walked."""
        return tuple(map(Walk, sketches(self.files, self.placed, self.unread)))

    @cached_property
    def emitted(self) -> frozenset[str]:
        """The events that stages bring about."""
        nodes = (emit for file in self.files for emit in find(file, syntax.Emit))
        return frozenset(emit.event.text for emit in nodes)
