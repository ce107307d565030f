"""Sentences about messages: their files, their templates, their addresses."""

from collections.abc import Collection, Sequence

from campflow.checking.vocabulary import FRONT_MATTER, ChannelWords, ContentFile, TemplateField
from campflow.diagnostics.diagnostic import Diagnostic, Label, did_you_mean
from campflow.diagnostics.source import Span
from campflow.language import syntax


def no_content(send: syntax.Send, channel: ChannelWords, known: Collection[str]) -> Diagnostic:
    looked_for = _names(send.message.text, channel)
    near = did_you_mean(send.message.text, sorted(known))
    hint = f"{near} Looked for {looked_for}" if near else f"looked for {looked_for}"
    message = f"there is no {channel.name} called `{send.message.text}`: no file below `content/` has its text"
    return Diagnostic("missing-content", message, send.message.span, hint)


def no_fallback(send: syntax.Send, channel: ChannelWords, variants: Sequence[ContentFile]) -> Diagnostic:
    languages = ", ".join(f"`{file.language}`" for file in variants)
    return Diagnostic(
        "missing-content",
        f"`{send.message.text}` exists only for readers of {languages}, and there is nothing for everyone else",
        send.message.span,
        f"add the plain file that all others get: {_names(send.message.text, channel)}",
    )


def no_address(send: syntax.Send, missing: Sequence[str], contact: Span | None) -> Diagnostic:
    quoted = [f"`{name}`" for name in missing]
    fields, any_field = _listed(quoted, "and"), _listed(quoted, "or")
    noun = "field" if len(missing) == 1 else "fields"
    if contact is None:
        message = f"nothing can be sent by `{send.channel.text}`: the project has no `contact` block"
        hint = f"add a block `contact {{ … }}` with the {noun} {fields}"
        return Diagnostic("missing-address", message, send.channel.span, hint)
    return Diagnostic(
        "missing-address",
        f"nothing can be sent by `{send.channel.text}`: contacts have no {noun} {any_field}",
        send.channel.span,
        f"add {fields} to the contact block",
        (Label(contact, "the contact block is here"),),
    )


def unknown_option(key: str, span: Span, channel: ChannelWords) -> Diagnostic:
    known = sorted(channel.options | FRONT_MATTER)
    hint = did_you_mean(key, known) or f"{channel.name} knows {', '.join(f'`{name}`' for name in known)}"
    return Diagnostic("unknown-name", f"`{key}` means nothing in the front matter of an {channel.name}", span, hint)


def unknown_field(field: TemplateField, name: str, owner: str, known: Sequence[str], prefix: str) -> Diagnostic:
    near = did_you_mean(name, known)
    listed = ", ".join(f"`{prefix}{other}`" for other in dict.fromkeys(known))
    hint = near.replace("`", f"`{prefix}", 1) if near else f"{owner} {listed or 'no fields at all'}"
    return Diagnostic("unknown-field", f"the template uses `{field.name}`, which does not exist", field.span, hint)


def about_nobody(field: TemplateField) -> Diagnostic:
    return Diagnostic(
        "unknown-field",
        f"the post uses `{field.name}`, and a post speaks to nobody in particular: it is made once, for everybody",
        field.span,
        "say it without: a post knows `campaign.name`, `campaign.title` and `campaign.owner`",
    )


def _names(message: str, channel: ChannelWords) -> str:
    names = [f"`content/{message}.{channel.name}.{extension}`" for extension in channel.extensions]
    return _listed(names, "or")


def _listed(names: Sequence[str], word: str) -> str:
    return f" {word} ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
