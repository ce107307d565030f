"""Templates use only what exists: fields of the contact, of the entering events, and what every message knows."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from campflow.checking.campaigns import entry_words
from campflow.checking.checks.campaigns import campaigns
from campflow.checking.checks.pages import asking_messages, front_matter
from campflow.checking.names import Names
from campflow.checking.page_words import page_words
from campflow.checking.references import entry_field_names
from campflow.checking.scope import EntryWords
from campflow.checking.tree import find
from campflow.checking.vocabulary import PAGE, ContentFile, TemplateField
from campflow.checking.wording import content as say
from campflow.checking.wording import pages as say_of_page
from campflow.diagnostics.diagnostic import Diagnostic
from campflow.language import syntax

#: What a template can say of the campaign and the message, whoever reads it.
OF_MESSAGE: dict[str, tuple[str, ...]] = {
    "campaign": ("name", "title", "owner"),
    "message": ("name", "channel"),
}

#: Names that stand alone.
ALONE: tuple[str, ...] = ("language", "unsubscribe_url", "preferences_url", "page_url")

#: What stands alone on a landing page, and in the message that asks whether somebody has filled in its form.
ON_PAGE: tuple[str, ...] = ("language", "variant", "form", "field", "consent", "page_url", "asset")
IN_ASKING: tuple[str, ...] = ("language", "confirm_url")

#: Called with the name of a page: `page_url("demo")` is read as its field.
PAGE_URL = "page_url"

#: `event` is another word for `entry`.
_ENTRY = ("entry", "event")


@dataclass(frozen=True, slots=True)
class Known:
    """`entry` None: it cannot be said which fields an entering event has. `records` have fields of their own, `alone`
    are names that have none."""

    contact: tuple[str, ...]
    entry: tuple[str, ...] | None
    records: Mapping[str, tuple[str, ...]]
    alone: tuple[str, ...]


def template_fields_exist(files: Sequence[syntax.FlowFile], names: Names) -> Iterator[Diagnostic]:
    """Every variable of a template is known where the template is sent."""
    senders, asking = _senders(files, names), asking_messages(names.vocabulary.content)
    for file in names.vocabulary.content.files:
        entries = senders.get((file.channel, file.message), [])
        if file.channel == PAGE:
            known = _on_page(file, names)
        elif file.message in asking and not entries:
            known = Known((), (), {"page": ("name", "title")}, IN_ASKING)
        else:
            known = Known(tuple(names.contact_fields), _entry_fields(file, entries), OF_MESSAGE, ALONE)
        is_post = posts(file.channel, names)
        for field in file.template_fields:
            problem = _no_page(field, names) or _not_shown(field, file, names)
            problem = problem or (unknown_in_post(field, known) if is_post else unknown_in(field, known))
            if problem:
                yield problem


def _on_page(file: ContentFile, names: Names) -> Known:
    shown = page_words(front_matter(names.vocabulary.content, file)).prefill
    return Known(shown, (), {"page": ("name", "title")}, ON_PAGE)


def _no_page(field: TemplateField, names: Names) -> Diagnostic | None:
    owner, _, name = field.name.partition(".")
    if owner != PAGE_URL or not name or name in names.pages:
        return None
    return say_of_page.no_linked_page(field, name, sorted(names.pages))


def _not_shown(field: TemplateField, file: ContentFile, names: Names) -> Diagnostic | None:
    """A field that contacts have, and that a page does not say it shows."""
    name = field.name.removeprefix("contact.")
    if file.channel != PAGE or name not in names.contact_fields or (name == field.name and name in ON_PAGE):
        return None
    shown = page_words(front_matter(names.vocabulary.content, file)).prefill
    return None if name in shown else say_of_page.not_prefilled(field, name)


def _senders(files: Sequence[syntax.FlowFile], names: Names) -> dict[tuple[str, str], list[EntryWords]]:
    """How contacts enter the campaigns that send each message."""
    found: dict[tuple[str, str], list[EntryWords]] = {}
    for campaign in campaigns(files):
        entry = entry_words(campaign, names)
        for send in find(campaign.items, syntax.Send):
            found.setdefault((send.channel.text, send.message.text), []).append(entry)
    return found


def _entry_fields(file: ContentFile, entries: list[EntryWords]) -> tuple[str, ...] | None:
    if not entries or not all(entry.complete for entry in entries):
        return None
    return tuple(name for entry in entries for name in entry_field_names(entry))


def unknown_in(field: TemplateField, known: Known) -> Diagnostic | None:
    """What is wrong with a variable of a template, if anything."""
    owner, _, rest = field.name.partition(".")
    name = rest.partition(".")[0]
    fields, whose = _fields_of(owner, known)
    if whose is None:
        alone = (*known.contact, *known.alone)
        return None if owner in alone else say.unknown_field(field, owner, "templates know", alone, "")
    if fields is None or name == "" or name in fields:
        return None
    return say.unknown_field(field, name, whose, fields, f"{owner}.")


def posts(channel: str, names: Names) -> bool:
    """Whether what the channel sends is the campaign's, and speaks to nobody in particular."""
    words = names.vocabulary.channels.get(channel)
    return words is not None and words.posts


def unknown_in_post(field: TemplateField, known: Known) -> Diagnostic | None:
    """The same for a post: of a person, or of the event by which one came, it can say nothing."""
    owner = field.name.partition(".")[0]
    if owner in known.records:
        return unknown_in(field, known)
    if owner in ("contact", *_ENTRY, *known.contact, *known.alone):
        return say.about_nobody(field)
    listed = [f"{record}.{name}" for record, names in known.records.items() for name in names]
    return say.unknown_field(field, owner, "a post knows", listed, "")


def _fields_of(owner: str, known: Known) -> tuple[tuple[str, ...] | None, str | None]:
    """What may stand after `owner.`, None for anything; and whose that is, None where it is no owner."""
    if owner == "contact":
        return known.contact, "contacts have"
    if owner in _ENTRY:
        return known.entry, "the events by which contacts enter have"
    if owner in known.records:
        return known.records[owner], f"a {owner} has"
    return None, None
