"""Templates that stand in a `.flow` file itself, the text of `notify` and those of options: they compile, and use only
what exists."""

from collections.abc import Callable, Iterator, Sequence

from campflow.checking.campaigns import entry_words
from campflow.checking.checks.campaigns import campaigns
from campflow.checking.checks.templates import ALONE, OF_MESSAGE, Known, posts, unknown_in, unknown_in_post
from campflow.checking.names import Names
from campflow.checking.references import entry_field_names
from campflow.checking.tree import find
from campflow.checking.vocabulary import TemplateField
from campflow.diagnostics.diagnostic import Diagnostic
from campflow.language import syntax


def written_texts_are_sound(files: Sequence[syntax.FlowFile], names: Names) -> Iterator[Diagnostic]:
    """Each text that is filled for a contact can be, by what is known where it stands."""
    for campaign in campaigns(files):
        entry = entry_words(campaign, names)
        fields = tuple(entry_field_names(entry)) if entry.complete else None
        outside = Known(tuple(names.contact_fields), fields, {"campaign": OF_MESSAGE["campaign"]}, ())
        message = Known(tuple(names.contact_fields), fields, OF_MESSAGE, ALONE)
        for statement in find(campaign.items, (syntax.Notify, syntax.Do, syntax.Send)):
            known = message if isinstance(statement, syntax.Send) else outside
            is_post = isinstance(statement, syntax.Send) and posts(statement.channel.text, names)
            for text in texts_of(statement):
                if "{" in text.value:
                    yield from _problems(text, known, names, unknown_in_post if is_post else unknown_in)


def texts_of(statement: object) -> Iterator[syntax.Text]:
    """The texts of a `notify`, or of the options of a `do` or a `send`."""
    match statement:
        case syntax.Notify(text=text):
            yield text
        case syntax.Do(options=options) | syntax.Send(options=options):
            yield from (option.value for option in options if isinstance(option.value, syntax.Text))


def _problems(
    text: syntax.Text, known: Known, names: Names, unknown: Callable[[TemplateField, Known], Diagnostic | None]
) -> Iterator[Diagnostic]:
    # Imported here: most files have no such text, and to check one of them takes less time than the import.
    from campflow.content.filtering import stand_ins
    from campflow.content.templates import BadTemplate, compile_text, parse
    from campflow.content.variables import variables

    try:
        filters = stand_ins(frozenset((each.name, each.arguments) for each in names.vocabulary.filters.values()))
        compile_text(text.value, html=False, name="the text", filters=filters)
    except BadTemplate as error:
        yield Diagnostic("bad-template", error.text, text.span)
        return
    for variable in variables(parse(text.value), text.value):
        problem = unknown(TemplateField(variable.name, text.span), known)
        if problem:
            yield problem
