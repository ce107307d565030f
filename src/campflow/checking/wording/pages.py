"""Sentences about landing pages: what their front matter names and nothing declares."""

from collections.abc import Collection

from campflow.checking.page_words import PageMistake
from campflow.checking.vocabulary import ContentFile, TemplateField
from campflow.diagnostics.diagnostic import Diagnostic, did_you_mean
from campflow.diagnostics.source import Span


def mistake(file: ContentFile, found: PageMistake) -> Diagnostic:
    return Diagnostic(found.code, found.text, place(file, found.key), found.hint)


def unknown_key(file: ContentFile, key: str, known: Collection[str]) -> Diagnostic:
    hint = did_you_mean(key, known) or f"a page knows {', '.join(f'`{name}`' for name in known)}"
    return Diagnostic("unknown-name", f"`{key}` means nothing in the front matter of a page", place(file, key), hint)


def no_such_field(file: ContentFile, key: str, name: str, known: Collection[str]) -> Diagnostic:
    listed = ", ".join(f"`{each}`" for each in known)
    hint = did_you_mean(name, known) or f"contacts have {listed or 'no fields at all'}"
    return Diagnostic("unknown-field", f"contacts have no field `{name}`", place(file, key), hint)


def field_without_input(file: ContentFile, name: str) -> Diagnostic:
    text = f"no form can ask for `{name}`, a list of anything but choices"
    return Diagnostic("bad-template", text, place(file, "fields"), "take it out, or make it a `list of one of …`")


def not_asked(file: ContentFile, names: Collection[str]) -> Diagnostic:
    listed = " and ".join(f"`{name}`" for name in names)
    text = f"whoever is new here cannot become a contact: every contact has {listed}, and the form need not be told it"
    hint = f"add {listed} to `fields` and `required`, or write the field with `?` or a default"
    return Diagnostic("bad-template", text, place(file, "fields"), hint)


def no_such_page(file: ContentFile, key: str, name: str, known: Collection[str]) -> Diagnostic:
    return _no_page(name, place(file, key), known)


def no_linked_page(field: TemplateField, name: str, known: Collection[str]) -> Diagnostic:
    return _no_page(name, field.span, known)


def no_such_message(file: ContentFile, name: str, looked_for: Collection[str], known: Collection[str]) -> Diagnostic:
    text = f"there is no message `{name}` that could ask people by mail whether it was them"
    hint = did_you_mean(name, known) or f"looked for {' or '.join(looked_for) or 'a channel that writes to `email`'}"
    return Diagnostic("missing-content", text, place(file, "double_opt_in"), hint)


def not_prefilled(field: TemplateField, name: str) -> Diagnostic:
    text = f"the page uses `{field.name}`, and does not say that it may show it"
    hint = f"add `{name}` to `prefill`, if whoever has the link may see it"
    return Diagnostic("unknown-field", text, field.span, hint)


def _no_page(name: str, span: Span, known: Collection[str]) -> Diagnostic:
    hint = did_you_mean(name, known) or f"looked for `content/{name}.page.html`"
    return Diagnostic("missing-content", f"there is no page called `{name}`", span, hint)


def place(file: ContentFile, key: str) -> Span:
    return file.option_spans.get(key, Span(file.path, 1, 1, 1, 2))
