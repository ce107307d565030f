"""The files below `content/`, inspected one by one, as one index."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from campflow.checking.vocabulary import ContentFile, ContentIndex
from campflow.content.treatment import of_one_mind
from campflow.diagnostics.diagnostic import Diagnostic, Label
from campflow.diagnostics.source import Span


def indexed(files: Sequence[ContentFile]) -> ContentIndex:
    """All files, each with what is wrong with it beside the others."""
    return ContentIndex(tuple(of_one_mind(list(_told_apart(files)))))


def _told_apart(files: Sequence[ContentFile]) -> Iterator[ContentFile]:
    """Two files of one message and language: which of them would be sent?"""
    first: dict[tuple[str, str, str | None], ContentFile] = {}
    for file in files:
        other = first.setdefault((file.channel, file.message, file.language), file)
        if other is not file:
            here = Span(file.path, 1, 1, 1, 2)
            text = f"`{other.path}` holds the same message: keep one of the two"
            label = Label(Span(other.path, 1, 1, 1, 2), "the other one")
            problem = Diagnostic("duplicate-name", text, here, labels=(label,))
            file = replace(file, problems=(*file.problems, problem))
        yield file
