"""The library of a project's messages: finds the file for a person's language and fills it."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from campflow.content.clicks import Tracker
from campflow.content.files import ContentPath, content_paths, read_content
from campflow.content.filter_words import NO_FILTERS, Filters
from campflow.content.filters import TRACKER
from campflow.content.frontmatter import split
from campflow.content.marking import mark
from campflow.content.templates import BadTemplate, CompiledText, compile_text, one_line
from campflow.content.tokens import SigningKeys
from campflow.content.wanted import NOTHING, Wanted, tracked
from campflow.errors import ContentError
from campflow.hooks.contracts import ChannelPlugin

#: What a channel reports whose messages are read where links can be followed: we count both ourselves.
FOLLOWED = frozenset({"opened", "clicked"})

#: For who only looks at messages: links lead straight to their targets.
UNTRACKED = Tracker(SigningKeys("", {}), "", 0, 0)


@dataclass(frozen=True, slots=True)
class Rendered:
    """A message filled for one person. `language` is the variant's, None for the plain file."""

    parts: Mapping[str, str]
    options: Mapping[str, object]
    language: str | None


@dataclass(frozen=True, slots=True)
class _Ready:
    """One file, compiled."""

    parts: Mapping[str, CompiledText]
    options: "_Options"
    utm: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class _Options:
    """Options of a message: those that are `fixed` for everybody, and the texts that vary. All names are in `fixed`."""

    fixed: Mapping[str, object]
    varying: Mapping[str, CompiledText]

    def fill(self, values: Mapping[str, object]) -> dict[str, object]:
        filled = dict(self.fixed)
        for name, text in self.varying.items():
            filled[name] = one_line(text.fill(values), f"`{name}`")
        return filled

    def under(self, others: "_Options") -> "_Options":
        """With `others` laid over them."""
        kept = {name: text for name, text in self.varying.items() if name not in others.fixed}
        return _Options({**self.fixed, **others.fixed}, {**kept, **others.varying})


class Library:
    """All messages of a project as they were on disk when each was first needed. Make a new one to see changes.

    `tracking` is what the project wants tracked of each channel's messages, where they do not say it themselves.
    `filters` are those of plugins.
    """

    def __init__(
        self,
        project: Path,
        channels: Mapping[str, ChannelPlugin],
        tracking: Mapping[str, Wanted] | None = None,
        filters: Filters = NO_FILTERS,
    ) -> None:
        self.filters = filters
        self._channels, self._tracking = channels, tracking or {}
        self._files: dict[tuple[str, str], dict[str | None, ContentPath]] = {}
        for path in content_paths(project):
            self._files.setdefault((path.channel, path.message), {}).setdefault(path.language, path)
        self._ready: dict[str, _Ready | ContentError] = {}

    def render(
        self,
        channel: str,
        message: str,
        language: str | None,
        values: Mapping[str, object],
        options: Mapping[str, object],
        tracker: Tracker = UNTRACKED,
    ) -> Rendered:
        """The message for one person; `tracker` writes its links.

        The file is the one for exactly this language (`fr-CH`), else for its first part (`fr`), else the plain one.
        Its front matter goes over the plain file's, and `options`, those of the `send` statement, over both. Texts in
        options are filled too and must come out as one line. Raises ContentError.
        """
        variants = self._files.get((channel, message))
        if not variants:
            raise ContentError(f"there is no file for {channel} {message}: write content/{message}.{channel}.*")
        chosen = choose(variants, language)
        if chosen is None:
            tags = ", ".join(sorted(tag for tag in variants if tag))
            raise ContentError(f"{channel} {message} exists only in {tags}: write content/{message}.{channel}.*")
        ready = self._prepared(chosen)
        said = ready.options
        if chosen.language is not None and None in variants:
            said = self._prepared(variants[None]).options.under(said)
        if options:
            said = said.under(_options(options, "the send statement", self.filters))
        linked = {**values, TRACKER: tracker.adding(ready.utm) if ready.utm else tracker}
        return Rendered(
            parts={name: text.fill(linked) for name, text in ready.parts.items()},
            options=said.fill(values),
            language=chosen.language,
        )

    def _prepared(self, file: ContentPath) -> _Ready:
        """The file, compiled, once. A file that failed fails the same way for each message."""
        ready = self._ready.get(file.shown)
        if ready is None:
            try:
                ready = self._prepare(file)
            except ContentError as error:
                ready = error
            self._ready[file.shown] = ready
        if isinstance(ready, ContentError):
            raise ContentError(str(ready))
        return ready

    def _prepare(self, file: ContentPath) -> _Ready:
        channel = self._channels.get(file.channel)
        if channel is None:
            raise ContentError(f"{file.shown}: no plugin offers `{file.channel}`: `campflow plugins` says why")
        document = split(read_content(file))
        if document.problems:
            raise ContentError(f"{file.shown}: {document.problems[0].message}")
        # Before a converter sees it: it is made for what Jinja can read.
        _compiled(document.body, html=False, name=file.shown, filters=self.filters)
        try:
            prepared = channel.prepare(document.body, file.extension, document.front_matter)
        except ContentError:
            raise
        # A plugin is not ours: whatever it raises is about this file.
        except Exception as error:
            raise ContentError(f"{file.shown}: `{channel.name}` cannot make it ready: {error}") from error
        wanted = tracked(self._head(file, document.front_matter), self._tracking.get(file.channel, NOTHING))
        if not FOLLOWED & channel.reports:  # nobody opens a sheet of paper
            wanted = NOTHING
        try:
            parts = mark(prepared.parts, wanted)
        except ContentError as error:
            raise ContentError(f"{file.shown}: {error}") from error
        return _Ready(
            parts={
                part: _compiled(text, html=part == "html", name=f"{file.shown} ({part})", filters=self.filters)
                for part, text in parts.items()
            },
            options=_options(prepared.front_matter, file.shown, self.filters),
            utm=None if wanted.utm is None else {"source": "campflow", "medium": file.channel, **wanted.utm},
        )

    def _head(self, file: ContentPath, front_matter: Mapping[str, object]) -> Mapping[str, object]:
        """The front matter of a file over that of the plain one."""
        plain = self._files[file.channel, file.message].get(None)
        if file.language is None or plain is None:
            return front_matter
        return {**split(read_content(plain)).front_matter, **front_matter}


def choose(variants: Mapping[str | None, ContentPath], language: str | None) -> ContentPath | None:
    """The file for exactly this language, else for its first part, else the plain one."""
    if language is None:
        return variants.get(None)
    tag = language.replace("_", "-").lower()
    return variants.get(tag) or variants.get(tag.partition("-")[0]) or variants.get(None)


def _options(options: Mapping[str, object], place: str, filters: Filters) -> _Options:
    texts = {
        name: _compiled(value, html=False, name=f"`{name}` of {place}", filters=filters)
        for name, value in options.items()
        if isinstance(value, str)
    }
    fixed: dict[str, object] = dict(options)
    for name, text in list(texts.items()):
        if text.slots is not None and not text.slots.varying:
            with suppress(ContentError):  # one that is no line is said to be none when it is filled
                fixed[name] = one_line(text.fill({}), f"`{name}`")
                del texts[name]
    return _Options(fixed, texts)


@lru_cache(maxsize=1024)
def _compiled(text: str, *, html: bool, name: str, filters: Filters) -> CompiledText:
    try:
        return compile_text(text, html=html, name=name, filters=filters)
    except BadTemplate as error:
        raise ContentError(f"{name}, line {error.line}: {error.text}") from error
