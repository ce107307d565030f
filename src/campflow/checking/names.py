"""The names that the `.flow` files declare, all files together, and where each may be looked up."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from campflow.checking.vocabulary import Vocabulary
from campflow.diagnostics.diagnostic import Diagnostic
from campflow.language import syntax
from campflow.model.people import Contact, Event, Field

#: Where a mistake goes once it is found.
Report: TypeAlias = Callable[[Diagnostic], None]

#: Fields by name. None is a field whose own declaration is mistaken: it exists, and nothing more is said about it.
Fields: TypeAlias = Mapping[str, Field | None]


@dataclass(frozen=True, slots=True)
class EventWords:
    """An event and its fields, the mistaken ones too (`event.fields` has only the sound ones)."""

    event: Event
    fields: Fields

    @property
    def built_in(self) -> bool:
        return self.event.span is None


@dataclass(frozen=True, slots=True)
class Names:
    """Every name that a condition or a statement can refer to.

    `messages` have content or are sent somewhere; `pages` are the landing pages. `currency` is the project's one,
    None where no money is written. Where a name is declared twice, the first one counts.
    """

    contact: Contact
    contact_fields: Fields
    events: Mapping[str, EventWords]
    segments: Mapping[str, syntax.SegmentDeclaration]
    campaigns: Mapping[str, syntax.CampaignDeclaration]
    messages: frozenset[str]
    pages: frozenset[str]
    currency: str | None
    vocabulary: Vocabulary
