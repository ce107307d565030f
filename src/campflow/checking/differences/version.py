"""One version of a project: its resolved flow, and how everything in it was written."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from campflow.checking.texts import Texts
from campflow.checking.tree import find
from campflow.diagnostics.source import Span
from campflow.language import syntax
from campflow.model.flow import Campaign, Flow, Segment, Split

T = TypeVar("T", bound=syntax.CampaignDeclaration | syntax.SegmentDeclaration | syntax.Split)


@dataclass(frozen=True)
class Version:
    """`path` is the one file that is to be compared, the rest being its context; None for all of the project."""

    flow: Flow
    files: Sequence[syntax.FlowFile]
    texts: Texts
    path: str | None = None

    def written(self, span: Span) -> str:
        return self.texts.written(span)

    def clause(self, campaign: Campaign, kind: type[syntax.Clause]) -> str | None:
        """A clause that stands in a campaign at most once."""
        items = self._node(syntax.CampaignDeclaration, campaign.span).items
        return next((self.written(item.span) for item in items if isinstance(item, kind)), None)

    def condition(self, segment: Segment) -> str:
        return self.written(self._node(syntax.SegmentDeclaration, segment.span).condition.span)

    def split(self, split: Split) -> syntax.Split:
        return self._node(syntax.Split, split.span)

    def _node(self, kind: type[T], span: Span) -> T:
        return next(node for file in self.files for node in find(file.declarations, kind) if node.span == span)
