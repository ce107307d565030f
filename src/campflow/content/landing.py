"""Landing pages as files: `NAME.page.html` below `content/`, in its languages, ready to be filled for a visitor."""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from campflow.checking.page_words import PageWords, page_words
from campflow.checking.vocabulary import PAGE
from campflow.content.files import ContentPath, content_paths, read_content
from campflow.content.filter_words import NO_FILTERS, Filters
from campflow.content.frontmatter import split
from campflow.content.rendering import choose
from campflow.content.templates import BadTemplate, CompiledText, compile_text
from campflow.errors import ContentError
from campflow.model.draws import P, cuts, turn_of

_STYLE = re.compile(r"<style\b[^>]*>(.*?)</style\s*>", re.DOTALL | re.IGNORECASE)
_WHOLE = re.compile(r"\s*<!doctype\s+html|\s*<html\b", re.IGNORECASE)

#: Hexadecimal digits by which a text of a page is known again.
_VERSION = 12


@dataclass(frozen=True, slots=True)
class Page:
    """A page in one language, None for the plain file.

    `version` names the text that a visitor read: another text is another one. `is_whole`: the file is a document with
    a head of its own. `styles` are the hashes of its style sheets, as a content security policy writes them.
    """

    name: str
    language: str | None
    words: PageWords
    template: CompiledText
    version: str
    is_whole: bool
    styles: tuple[str, ...]

    def variant_of(self, draw: int) -> str | None:
        """The variant for somebody with this number, by the same stable hash as splits; None where there are none."""
        if not self.words.variants:
            return None
        a, b = turn_of(f"page.{self.name}")
        turned = (draw * a + b) % P
        ends = cuts([share for _, share in self.words.variants])
        return next(name for (name, _), end in zip(self.words.variants, ends, strict=True) if turned < end)


class Pages:
    """All pages of a project as they were on disk when each was first needed. Make a new one to see changes.

    `folder` is the project's; `filters` are those of plugins.
    """

    def __init__(self, project: Path, filters: Filters = NO_FILTERS) -> None:
        self.folder, self._filters = project, filters
        self._files: dict[str, dict[str | None, ContentPath]] = {}
        for path in content_paths(project):
            if (path.channel, path.extension) == (PAGE, "html"):
                self._files.setdefault(path.message, {}).setdefault(path.language, path)
        self._ready: dict[str, Page] = {}

    @property
    def names(self) -> frozenset[str]:
        return frozenset(self._files)

    def page(self, name: str, languages: tuple[str, ...]) -> Page:
        """The page in the first of these languages that it has, else as the plain file has it.

        Raises ContentError where it cannot be filled, KeyError where there is no such page.
        """
        variants = self._files[name]
        chosen = next(
            (found for each in languages if (found := choose(variants, each)) and found.language), variants.get(None)
        )
        chosen = chosen or next(iter(variants.values()))
        if chosen.shown not in self._ready:
            self._ready[chosen.shown] = self._read(chosen, variants.get(None))
        return self._ready[chosen.shown]

    def _read(self, file: ContentPath, plain: ContentPath | None) -> Page:
        document = split(read_content(file))
        front_matter: Mapping[str, object] = document.front_matter
        problems = document.problems
        if plain is not None and plain is not file:
            head = split(read_content(plain))
            front_matter, problems = {**head.front_matter, **front_matter}, (*problems, *head.problems)
        if problems:
            raise ContentError(f"{file.shown}: {problems[0].message}")
        try:
            template = compile_text(document.body, html=True, name=file.shown, filters=self._filters)
        except BadTemplate as error:
            raise ContentError(f"{file.shown}, line {document.body_line + error.line - 1}: {error.text}") from error
        said = "\n".join([document.body, *(f"{key}: {front_matter[key]}" for key in sorted(front_matter))])
        return Page(
            name=file.message,
            language=file.language,
            words=page_words(front_matter),
            template=template,
            version=sha256(said.encode("utf-8", "surrogatepass")).hexdigest()[:_VERSION],
            is_whole=_WHOLE.match(document.body) is not None,
            styles=tuple(map(style_hash, _STYLE.findall(document.body))),
        )


def style_hash(text: str) -> str:
    """How a content security policy names a style sheet or a script that may stand in a page."""
    return f"'sha256-{base64.b64encode(sha256(text.encode()).digest()).decode()}'"
