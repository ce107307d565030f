"""What names exist beside the `.flow` files: channels, sinks, actions, content. Plain data: checking stays pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from inspect import Signature

from campflow.diagnostics.diagnostic import Diagnostic
from campflow.diagnostics.source import Span
from campflow.model.functions import Function

#: The channel part of a landing page's file name: `demo.page.html`.
PAGE = "page"


@dataclass(frozen=True, slots=True)
class ChannelWords:
    """A channel as the checker sees it.

    `address` is the contact field that the channel writes to ("email"), None where it needs none; `needs` are further
    fields that it cannot do without ("city"). `options` are the words that its front matter and the block of a `send`
    may hold, beside those that every channel has (COMMON_OPTIONS). `extensions` are its file name endings without the
    dot, the preferred one first. With `posts` a message is the campaign's, and speaks to nobody in particular.
    """

    name: str
    address: str | None
    options: frozenset[str] = frozenset()
    extensions: tuple[str, ...] = ("md", "txt", "html")
    needs: tuple[str, ...] = ()
    posts: bool = False

    @property
    def addressed_by(self) -> tuple[str, ...]:
        """All contact fields that it writes to."""
        return (self.address, *self.needs) if self.address else self.needs


#: Options that every channel understands: how long a message is worth sending, and whether limits bind it.
COMMON_OPTIONS: frozenset[str] = frozenset({"expires", "transactional"})

#: Front matter alone says what consent a message needs.
PURPOSE, TRANSACTIONAL = "purpose", "transactional"

#: And what is tracked of it, and what is added to its links for whoever counts visitors.
TRACK, UTM = "track", "utm"
UTM_WORDS: tuple[str, ...] = ("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term")
FRONT_MATTER: frozenset[str] = COMMON_OPTIONS | {PURPOSE, TRACK, UTM, *UTM_WORDS}

_NAME = re.compile(r"[a-z][a-z0-9_]*")


def is_name(text: object) -> bool:
    """Whether a value from outside a `.flow` file is what stands there for a name."""
    return isinstance(text, str) and _NAME.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class ActionWords:
    """A plugin's `do ACTION { options }`."""

    name: str
    options: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class FilterWords:
    """A plugin's filter of templates, `{{ value | NAME(…) }}`, and what may be written behind its name.

    `about` is what it does, a sentence.
    """

    name: str
    arguments: Signature
    about: str = ""


@dataclass(frozen=True, slots=True)
class TemplateField:
    """A variable that a template reads, its parts joined by dots (`contact.first_name`), where it first stands.

    Names that the template itself makes (`set`, `for`, macros) and Jinja's own functions are left out.
    """

    name: str
    span: Span


@dataclass(frozen=True, slots=True)
class ContentFile:
    """One file below `content/`: a message, or one language's variant of it.

    `path` is relative to the project, with forward slashes. `problems` are what is wrong with the file by itself
    (`bad-template`, broken front matter). `option_spans` says where a front matter key stands, if that is known.
    """

    path: str
    message: str
    channel: str
    language: str | None = None
    template_fields: tuple[TemplateField, ...] = ()
    problems: tuple[Diagnostic, ...] = ()
    front_matter: Mapping[str, object] = field(default_factory=dict)
    option_spans: Mapping[str, Span] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ContentIndex:
    """All files below `content/`, in the order of their paths."""

    files: tuple[ContentFile, ...] = ()

    def variants(self, channel: str, message: str) -> tuple[ContentFile, ...]:
        """The files of one message, the plain one and those of languages; empty where there is none."""
        return tuple(file for file in self.files if (file.channel, file.message) == (channel, message))

    def purpose(self, channel: str, message: str) -> str | None:
        """The purpose for which a message needs consent; None where its front matter leaves it to the campaign."""
        said = self._said(channel, message, PURPOSE)
        return said if isinstance(said, str) else None

    def is_transactional(self, channel: str, message: str) -> bool:
        """Whether the front matter says that limits and quiet hours do not bind a message."""
        return self._said(channel, message, TRANSACTIONAL) is True

    def _said(self, channel: str, message: str, key: str) -> object:
        """What the plain file of a message says; no language says anything else, or it is refused."""
        files = sorted(self.variants(channel, message), key=lambda file: file.language is not None)
        return next((file.front_matter[key] for file in files if key in file.front_matter), None)

    def messages(self, channel: str | None = None) -> frozenset[str]:
        """The names that one channel, or any channel but the landing pages, has content for."""
        wanted = (file for file in self.files if (file.channel == channel if channel else file.channel != PAGE))
        return frozenset(file.message for file in wanted)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Everything that a `.flow` file may name and does not declare.

    `currency` and `rfm_event` are None where `campflow.toml` names none. `timezone` is the project's IANA zone.
    """

    channels: Mapping[str, ChannelWords] = field(default_factory=dict)
    sinks: frozenset[str] = frozenset()
    audiences: frozenset[str] = frozenset()
    actions: Mapping[str, ActionWords] = field(default_factory=dict)
    functions: Mapping[str, Function] = field(default_factory=dict)
    filters: Mapping[str, FilterWords] = field(default_factory=dict)
    content: ContentIndex = ContentIndex()
    currency: str | None = None
    rfm_event: str | None = None
    timezone: str = "UTC"
