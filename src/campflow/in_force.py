"""The texts that the database has in force, put together with today's `.flow` files, and read.

The database keeps every text that was ever in force, with the segments that it read, and the contact type and events as
they were last: so a campaign can be read when its file has errors or is gone.
"""

from collections.abc import Collection, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace

from sqlalchemy import inspect, select

from campflow.checking.broken import broken
from campflow.checking.tree import find
from campflow.checking.vocabulary import ContentFile, ContentIndex, Vocabulary
from campflow.diagnostics.source import Source, Span
from campflow.engine import versions
from campflow.engine.changing import Texts
from campflow.engine.deploy import Recall
from campflow.engine.versions import Version
from campflow.errors import DeployError
from campflow.language import syntax
from campflow.model.people import Contact
from campflow.project import Project
from campflow.sql.program import CampaignProgram
from campflow.storage.database import Database
from campflow.storage.tables import Tables, tables


@dataclass(frozen=True, slots=True)
class InForce:
    """What the database has in force: the contact type and events as a text, and the live versions by campaign."""

    ground: str = ""
    newest: Mapping[str, Version] = field(default_factory=dict)
    kept: tuple[Version, ...] = ()


def in_force(project: Project) -> InForce:
    """Empty where there is no database, or nothing was ever put into force."""
    if not project.database_exists:
        return InForce()
    bare = tables(Contact((), None), ())
    with closing(Database(project.database_url, bare)) as database, database.reader() as connection:
        there = inspect(connection)
        if not there.has_table(bare.campaign_version.name):
            return InForce()
        setting = bare.setting.c
        ground = connection.scalar(select(setting.value).where(setting.name == versions.GROUND))
        live = versions.live(connection, bare)
    newest = {each.campaign: each for each in live if each.in_force}
    return InForce(ground or "", newest, tuple(each for each in live if not each.in_force))


def history(project: Project, campaign: str | None) -> tuple[Version, ...]:
    """Every text that was ever put into force, of one campaign or of all, the oldest first."""
    if not project.database_exists:
        return ()
    bare = tables(Contact((), None), ())
    with closing(Database(project.database_url, bare)) as database, database.reader() as connection:
        known = inspect(connection).has_table(bare.campaign_version.name)
        return versions.history(connection, bare, campaign) if known else ()


# --- texts put together -------------------------------------------------------------------------------------------


def today(project: Project, instead: Mapping[str, Version], without: Collection[str] = ()) -> Project:
    """Today's files with these texts in place of their campaigns, and without some campaigns altogether.

    A segment that such a text reads stays as it was then, for everyone who reads it. Tests of these campaigns are left
    out: they speak of another text.
    """
    if not instead and not without:
        return project
    names = {*instead, *without}
    segments = {name: text for each in instead.values() for name, text in each.text.segments.items()}
    spans: list[Span] = []
    for file in project.checked.files:
        for node in file.declarations:
            match node:
                case syntax.CampaignDeclaration(name) if name.text in names:
                    spans.append(node.span)
                case syntax.SegmentDeclaration(name=name) if name.text in segments:
                    spans.append(node.span)
                case syntax.TestDeclaration(campaign=name) if name.text in names:
                    spans.append(node.span)
    sources = [
        _blanked(source, [span for span in spans if span.path == path]) for path, source in project.sources.items()
    ]
    return project.of([*sources, *_texts(instead.values(), segments)])


def deployed(project: Project, force: InForce, instead: Mapping[str, Version] | None = None) -> Project:
    """Nothing but what the database has in force; `instead` are other texts of some campaigns."""
    shown = {**force.newest, **(instead or {})}
    segments: dict[str, str] = {}
    for each in sorted(shown.values(), key=lambda version: version.version_id):
        segments |= each.text.segments
    ground = Source("contact and events in force", force.ground)
    return project.of([ground, *_texts(shown.values(), segments)])


def sound(project: Project) -> Project:
    """The project as its files have it; where they have errors, as it is in force: what comes in is taken anyway."""
    if project.checked.flow is not None:
        return project
    force = in_force(project)
    old = deployed(project, force)
    return old if force.newest and old.checked.flow is not None else project


def _texts(shown: Collection[Version], segments: Mapping[str, str]) -> Iterator[Source]:
    """Each text on the lines on which it stood."""
    for each in shown:
        path = f"{each.text.file}{versions.OF_VERSION}{each.campaign}, version {each.number})"
        yield Source(path, "\n" * (each.text.line - 1) + each.text.text + "\n")
    if segments:
        yield Source("segments in force", "\n".join(segments.values()) + "\n")


def _blanked(source: Source, spans: Collection[Span]) -> Source:
    """The text with nothing at the spans; all other places stay where they are."""
    if not spans:
        return source
    lines = source.text.split("\n")
    for span in spans:
        for number in range(span.line - 1, min(span.end_line, len(lines))):
            line = lines[number]
            start = span.column - 1 if number == span.line - 1 else 0
            end = span.end_column - 1 if number == span.end_line - 1 else len(line)
            lines[number] = line[:start] + " " * (end - start) + line[end:]
    return Source(source.path, "\n".join(lines))


# --- from texts to programs ---------------------------------------------------------------------------------------


def texts(project: Project, drawn: Tables | None = None, *, forgiving: bool = False) -> Texts:
    """The project's program, and how to read the texts that it keeps. Raises FlowError.

    `forgiving`: a kept text may name content that is gone. Its messages are rejected then, and its people go on.
    """
    made = drawn or project.tables
    sources = {path: source.text for path, source in project.sources.items()}
    return Texts(project.program(made), sources, _recall(project, made, forgiving), made)


def before(project: Project, force: InForce) -> Texts | None:
    """What is in force as the database has it, whatever the files say by now; None where it cannot be read any more.

    Content that is gone, or wrong by now, is forgiven: nothing is sent by it.
    """
    old = readable(project, force)
    return None if old is None else texts(old, forgiving=True)


def readable(project: Project, force: InForce) -> Project | None:
    """The project as it is in force, with content that is gone forgiven."""
    if not force.newest:
        return None
    old = deployed(project, force)
    old = project.of(tuple(old.sources.values()), _forgiving(old))
    return old if old.checked.flow is not None else None


def _forgiving(project: Project) -> Vocabulary:
    words = project.vocabulary
    sends = {
        (s.channel.text, s.message.text) for file in project.checked.files for s in find(file.declarations, syntax.Send)
    }
    there = [replace(each, template_fields=(), problems=()) for each in words.content.files]
    known = {(each.channel, each.message) for each in there}
    absent = [ContentFile(f"content/{name}.{channel}.txt", name, channel) for channel, name in sorted(sends - known)]
    return replace(words, content=ContentIndex((*there, *absent)))


def _recall(project: Project, drawn: Tables, forgiving: bool) -> Recall:
    """Kept texts are read among today's: the contact type, events, segments and other campaigns are as they are now."""
    known: dict[int, CampaignProgram] = {}

    def recall(version: Version) -> CampaignProgram:
        if version.version_id not in known:
            known[version.version_id] = _recalled(project, drawn, version, forgiving)
        return known[version.version_id]

    return recall


def _recalled(project: Project, drawn: Tables, version: Version, forgiving: bool) -> CampaignProgram:
    among = _with(project, version, forgiving)
    if among.checked.flow is None:
        first = next(each for each in among.checked.diagnostics if each.severity == "error")
        raise DeployError(f"{first.message} (line {first.span.line} of {first.span.path})")
    program = among.program(drawn, {version.campaign})
    return next(each for each in program.campaigns if each.plan.name == version.campaign)


def readable_as(project: Project, version: Version) -> Project | None:
    """The project with this text among today's, content that is gone forgiven; None where it cannot be read so."""
    among = _with(project, version, forgiving=True)
    return None if among.checked.flow is None else among


def _with(project: Project, version: Version, forgiving: bool) -> Project:
    written = {
        node.name.text for file in project.checked.files for node in find(file.declarations, syntax.SegmentDeclaration)
    }
    own = {name: text for name, text in version.text.segments.items() if name not in written}
    among = today(project, {version.campaign: replace(version, text=replace(version.text, segments=own))})
    if forgiving and among.checked.flow is None:
        among = among.of(tuple(among.sources.values()), _forgiving(among))
    return among


# --- what differs -------------------------------------------------------------------------------------------------


def hashes(project: Project) -> dict[str, str]:
    """The hash of each campaign as it is written. Raises FlowError."""
    flow = project.flow.flow
    sources = {path: source.text for path, source in project.sources.items()}
    return {each.name: versions.text_of(each, flow.segments, sources).hash for each in flow.campaigns}


def differing(project: Project, force: InForce) -> dict[str, str]:
    """Campaigns that the files say otherwise than the database: `new`, `changed`, `gone`, or `broken` files."""
    if project.checked.flow is None:
        names = set(broken(project.checked.files, project.checked.diagnostics))
        return {name: "broken" for name in force.newest if name in names or not names}
    found = hashes(project)
    told = {name: "new" if name not in force.newest else "changed" for name in found}
    same = {name for name, digest in found.items() if name in force.newest and force.newest[name].hash == digest}
    gone = dict.fromkeys((name for name in force.newest if name not in found), "gone")
    return {name: what for name, what in {**told, **gone}.items() if name not in same}


def with_readers(project: Project, force: InForce, names: Collection[str]) -> tuple[dict[str, Version], set[str]]:
    """The texts in force of these campaigns and of all that read a segment that has to stay as it is for their sake;
    and the new campaigns that read one, which have to wait."""
    instead = {name: force.newest[name] for name in names if name in force.newest}
    waits = {name for name in names if name not in force.newest}
    flow = project.flow.flow
    sources = {path: source.text for path, source in project.sources.items()}
    read = {each.name: versions.text_of(each, flow.segments, sources).segments for each in flow.campaigns}
    while True:
        held = {name: text for each in instead.values() for name, text in each.text.segments.items()}
        more = {
            name
            for name, mine in read.items()
            if name not in instead and name not in waits
            and any(held.get(segment, text) != text for segment, text in mine.items())
        }  # fmt: skip
        if not more:
            return instead, waits
        instead |= {name: force.newest[name] for name in more if name in force.newest}
        waits |= {name for name in more if name not in force.newest}
