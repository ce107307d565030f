"""What a file was checked in: everything outside it that its findings can depend on, as a mark.

As long as a file and its mark are the same, so are its findings. That holds because of two rules. A file without
findings gets one only for something that it names itself, so facts about other words are left out of its mark. And a
file with findings may be told about names that are near, so nothing is left out.
"""

import datetime as dt
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from functools import cached_property
from hashlib import sha256

from campflow.checking.currency import project_currency
from campflow.checking.outlines import Fact, Outline
from campflow.checking.tree import find
from campflow.checking.vocabulary import PAGE, Vocabulary
from campflow.checking.written import written
from campflow.language import syntax

#: What only the findings in content files themselves depend on.
_OF_CONTENT = frozenset({"template_fields", "problems", "option_spans"})


class Surroundings:
    """All files of a project by their outlines, what they may name and do not declare, and the day.

    `texts` are digests of the files by path, for those who look at more of a file than its outline. `unread` are the
    words on lines that could not be read.
    """

    def __init__(
        self,
        outlines: Mapping[str, Outline],
        texts: Mapping[str, str],
        vocabulary: Vocabulary,
        unread: Iterable[str],
        today: dt.date | None,
    ) -> None:
        self._outlines = outlines
        self._texts = texts
        self._unread = sorted(unread)
        self._facts: dict[str | None, list[str]] = {}
        facts = (fact for each in outlines.values() for fact in each.facts)
        for word, fact in dict.fromkeys((*_of_project(outlines, vocabulary, today), *facts)):
            self._facts.setdefault(word, []).append(fact)
        self._written = {word: json.dumps([word, said]) for word, said in self._facts.items()}

    def mark(self, about: Outline, clean: bool) -> str:
        """That of one file. `clean`: it has no findings."""
        if about.declares or not clean:
            parts = [*self._written.values(), json.dumps(self._unread if about.declares else [])]
        else:
            parts = [said for word, said in self._written.items() if word is None or word in about.words]
        parts += (f"{path} {self._texts[path]}" for path in self.tested_by(about))
        return sha256("\n".join(parts).encode("utf-8", "surrogatepass")).hexdigest()

    def tested_by(self, about: Outline) -> list[str]:
        """The files of the campaigns that its tests are of: tests look at everything in them."""
        return sorted({path for name in about.tested for path in self._homes.get(name, ())})

    @cached_property
    def _homes(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for path, each in self._outlines.items():
            for node in each.file.declarations:
                if isinstance(node, syntax.CampaignDeclaration):
                    found.setdefault(node.name.text, []).append(path)
        return found


def _of_project(outlines: Mapping[str, Outline], vocabulary: Vocabulary, today: dt.date | None) -> Iterator[Fact]:
    """What is so of the whole project."""
    for field in fields(vocabulary):
        if field.name != "content":
            yield None, f"{field.name} {written(getattr(vocabulary, field.name))}"
    for file in vocabulary.content.files:
        of_itself = {field.name: getattr(file, field.name) for field in fields(file) if field.name not in _OF_CONTENT}
        yield file.message, written(of_itself)
    if vocabulary.content.messages(PAGE):
        yield None, "there is a page"
    yield "runs", f"today is {today}"
    yield None, f"money is in {project_currency([each.file for each in outlines.values()], vocabulary)}"
    seen: set[str] = set()
    for path, each in outlines.items():
        for send in find(each.file.declarations, syntax.Send):
            if send.channel.text not in seen:
                seen.add(send.channel.text)
                yield send.channel.text, f"is first used in {path}"
