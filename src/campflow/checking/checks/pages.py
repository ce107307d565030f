"""A landing page asks only for what contacts have, and leads only to what exists."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from campflow.checking.names import Names
from campflow.checking.page_words import CONSENT, PAGE_KEYS, PageWords, page_mistakes, page_words
from campflow.checking.vocabulary import PAGE, ContentFile, ContentIndex, Vocabulary
from campflow.checking.wording import pages as say
from campflow.diagnostics.diagnostic import Diagnostic
from campflow.language import syntax
from campflow.model.people import Field


def pages_are_sound(files: Sequence[syntax.FlowFile], names: Names) -> Iterator[Diagnostic]:
    """What each page's front matter says can be done."""
    content = names.vocabulary.content
    for file in content.files:
        if file.channel != PAGE:
            continue
        for key in file.option_spans:
            if key not in PAGE_KEYS:
                yield say.unknown_key(file, key, tuple(PAGE_KEYS))
        said = front_matter(content, file)
        for mistake in page_mistakes(said):
            if mistake.key in file.front_matter:
                yield say.mistake(file, mistake)
        yield from _form(file, page_words(said), names)
        yield from _leads(file, page_words(file.front_matter), names)


def front_matter(content: ContentIndex, file: ContentFile) -> Mapping[str, object]:
    """Of a page in one language: what the plain file says, where this one does not say it."""
    plain = next((each for each in content.variants(PAGE, file.message) if each.language is None), file)
    return {**plain.front_matter, **file.front_matter}


def _form(file: ContentFile, words: PageWords, names: Names) -> Iterator[Diagnostic]:
    known = names.contact_fields
    for key, named in (("fields", words.fields), ("prefill", words.prefill)):
        if key in file.front_matter:
            for name in named:
                if name not in known:
                    yield say.no_such_field(file, key, name, tuple(known))
    if "fields" not in file.front_matter:
        return
    for name in words.fields:
        field = known.get(name)
        if field and field.type.kind == "list" and not (field.type.element and field.type.element.choices):
            yield say.field_without_input(file, name)
    needed = [field.name for field in known.values() if field and _must_be_said(field, words.required - {CONSENT})]
    if needed:
        yield say.not_asked(file, needed)


def _must_be_said(field: Field, required: Collection[str]) -> bool:
    has_value = field.optional or field.default is not None or field.type.kind == "list"
    return not has_value and field.name not in required


def _leads(file: ContentFile, words: PageWords, names: Names) -> Iterator[Diagnostic]:
    for key, name in (("after", words.after), ("confirmed", words.confirmed)):
        if name and name not in names.pages:
            yield say.no_such_page(file, key, name, sorted(names.pages))
    asking = words.double_opt_in
    if asking and asking_channel(names.vocabulary, asking) is None:
        channels = [each for each in names.vocabulary.channels.values() if each.address == "email"]
        looked_for = [f"`content/{asking}.{each.name}.{each.extensions[0]}`" for each in channels]
        known = sorted({message for each in channels for message in names.vocabulary.content.messages(each.name)})
        yield say.no_such_message(file, asking, looked_for, known)


def asking_channel(vocabulary: Vocabulary, message: str) -> str | None:
    """The channel to an e-mail address that has this message; None where there is none."""
    for channel in vocabulary.channels.values():
        if channel.address == "email" and vocabulary.content.variants(channel.name, message):
            return channel.name
    return None


def asking_messages(content: ContentIndex) -> frozenset[str]:
    """The messages by which pages ask whether it was really them."""
    pages = (page_words(file.front_matter) for file in content.files if file.channel == PAGE)
    return frozenset(each.double_opt_in for each in pages if each.double_opt_in)
