"""What proofs look at: the texts' trees, the names, what the resolver made of them, and today's date."""

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar, cast

from campflow.checking.names import Names
from campflow.checking.outlines import MOST_STAGES, has_trial
from campflow.checking.placed import Placed
from campflow.checking.proofs.sketch import sketches
from campflow.checking.proofs.walking import Walk
from campflow.checking.texts import Texts
from campflow.checking.tree import find
from campflow.diagnostics.diagnostic import Diagnostic
from campflow.language import syntax
from campflow.language.syntax import FlowFile

T = TypeVar("T")

#: What proofs look for in the trees.
_KINDS: tuple[type, ...] = (
    syntax.Audience, syntax.CampaignDeclaration, syntax.Convert, syntax.Emit, syntax.Enter, syntax.EventDeclaration,
    syntax.EventPattern, syntax.ExpectSent, syntax.Happens, syntax.InSegment, syntax.Leave, syntax.Send, syntax.WayOut,
    syntax.When,
)  # fmt: skip


@dataclass(frozen=True)
class Evidence:
    """`unread` are the lines that could not be read. `today` None: nobody knows which day it is. `outlines` are the
    paths of files of which only the outline is known."""

    files: Sequence[FlowFile]
    names: Names
    placed: Placed
    texts: Texts
    unread: Sequence[Diagnostic] = ()
    today: dt.date | None = None
    outlines: Collection[str] = ()

    @cached_property
    def walks(self) -> tuple[Walk, ...]:
        """Every campaign as a graph that can be walked. One of more stages than anyone can draw is left out; of those
        that are outlines the ones remain whose splits may spoil those of others."""
        known = [
            each
            for each in self.all(syntax.CampaignDeclaration)
            if each.span.path not in self.outlines or has_trial(each)
        ]
        drawn = sketches(known, self.placed, self.unread)
        return tuple(Walk(sketch) for sketch in drawn if len(sketch.stations) <= MOST_STAGES)

    @cached_property
    def emitted(self) -> frozenset[str]:
        """The events that stages bring about."""
        return frozenset(emit.event.text for emit in self.all(syntax.Emit))

    def all(self, kind: type[T]) -> tuple[T, ...]:
        """Every node of one of the `_KINDS` in all files, in their order."""
        return cast(tuple[T, ...], self._found[kind])

    @cached_property
    def _found(self) -> dict[type, tuple[object, ...]]:
        """All that is asked for, looked for once."""
        found: dict[type, list[object]] = {kind: [] for kind in _KINDS}
        for file in self.files:
            node: object
            for node in find(file, _KINDS):
                found[type(node)].append(node)
        return {kind: tuple(nodes) for kind, nodes in found.items()}
