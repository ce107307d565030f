"""What is sent exists, is sound, and can reach people."""

from collections.abc import Iterator, Sequence

from campflow.checking.checks.campaigns import campaigns
from campflow.checking.names import Names
from campflow.checking.tree import find
from campflow.checking.vocabulary import FRONT_MATTER
from campflow.checking.wording import content as say
from campflow.diagnostics.diagnostic import Diagnostic
from campflow.language import syntax


def content_exists(files: Sequence[syntax.FlowFile], names: Names) -> Iterator[Diagnostic]:
    """Every message that is sent has a file for readers of any language. Told at the first `send` of it."""
    seen: set[tuple[str, str]] = set()
    for send in sends(files):
        channel, message = names.vocabulary.channels.get(send.channel.text), send.message.text
        if channel is None or (channel.name, message) in seen:
            continue
        seen.add((channel.name, message))
        variants = names.vocabulary.content.variants(channel.name, message)
        if not variants:
            yield say.no_content(send, channel, names.vocabulary.content.messages(channel.name))
        elif all(variant.language for variant in variants):
            yield say.no_fallback(send, channel, variants)


def content_is_sound(files: Sequence[syntax.FlowFile], names: Names) -> Iterator[Diagnostic]:
    """Every file below `content/` compiles, whether it is sent or not."""
    for file in names.vocabulary.content.files:
        yield from file.problems


def addresses_exist(files: Sequence[syntax.FlowFile], names: Names) -> Iterator[Diagnostic]:
    """Contacts have the fields that each channel in use writes to. Told once a channel."""
    seen: set[str] = set()
    for send in sends(files):
        channel = names.vocabulary.channels.get(send.channel.text)
        if channel is None or channel.name in seen:
            continue
        seen.add(channel.name)
        missing = [field for field in channel.addressed_by if field not in names.contact_fields]
        if missing:
            yield say.no_address(send, missing, names.contact.span)


def options_are_known(files: Sequence[syntax.FlowFile], names: Names) -> Iterator[Diagnostic]:
    """Front matter holds only what its channel understands."""
    for file in names.vocabulary.content.files:
        channel = names.vocabulary.channels.get(file.channel)
        for key, span in file.option_spans.items():
            if channel and key not in channel.options | FRONT_MATTER:
                yield say.unknown_option(key, span, channel)


def sends(files: Sequence[syntax.FlowFile]) -> Iterator[syntax.Send]:
    """All `send` statements, in the order of the files."""
    return find(tuple(campaigns(files)), syntax.Send)
