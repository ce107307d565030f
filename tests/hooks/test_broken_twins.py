"""What suites of sinks, sources, actions, audiences, webhooks are there for: each of their tests fails for somebody."""

import datetime as dt
import hashlib
import hmac
import json
import secrets
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import BaseModel
from tests.hooks.test_contracts import failures
from tests.web.pigeon import PIGEON

from campflow.errors import CampflowError, PluginError, WebhookRefused
from campflow.hooks.contracts import (
    ActionPlugin,
    Answer,
    AudiencePlugin,
    BadRow,
    ContactEvent,
    Measurement,
    Member,
    Note,
    Reaction,
    Row,
    SinkPlugin,
    SourcePlugin,
    Task,
    WebAnswer,
    WebhookPlugin,
    WebRequest,
)
from campflow.testing import (
    ActionContract,
    AudienceContract,
    Call,
    FigureContract,
    SinkContract,
    SourceContract,
    WebhookContract,
)

#: Who is broken, and the tests that have to say so.
Twins = list[tuple[Any, set[str]]]


class Strict(BaseModel, extra="forbid"):
    pass


class Loose(BaseModel):
    pass


def all_tests(contract: type) -> set[str]:
    return {each for each in dir(contract) if each.startswith("test_")}


def judge(failed: set[str], expected: set[str]) -> None:
    """Somebody broken fails where that is expected, and where else it shows; who is sound fails nowhere."""
    assert expected <= failed
    assert expected or not failed


def named(told: Any) -> str | None:
    return getattr(told, "__name__", None)


class Lines:
    """A file of JSON, a line for each thing that it holds."""

    settings: Mapping[str, object] = {}

    def __init__(self, folder: Path) -> None:
        self.file = folder / "kept.jsonl"

    async def open(self) -> None:
        """Nothing to get ready."""

    async def close(self) -> None:
        """Nothing is held open."""

    def write(self, *said: Any) -> None:
        with self.file.open("a", encoding="utf-8") as file:
            file.writelines(json.dumps(each) + "\n" for each in said)

    def all(self) -> list[Any]:
        return [json.loads(line) for line in self.file.read_text("utf-8").splitlines()] if self.file.exists() else []


# --- texts -------------------------------------------------------------------------------------------------------


class Wall(Lines):
    """Takes texts; the classes below get one thing wrong."""

    declared = SinkPlugin("wall", Strict)

    async def notify(self, notes: Sequence[Note]) -> AsyncIterator[Answer]:
        for each in notes:
            self.put(each.text)
            yield Answer(each.errand_id, "done")

    def put(self, text: str) -> None:
        self.write(text)

    def taken(self) -> list[str]:
        return self.all()


class LooseWall(Wall):
    declared = replace(Wall.declared, settings=Loose)


class UnspokenWall(Wall):
    declared = replace(Wall.declared, name="the wall")


class Unanswering(Wall):
    async def notify(self, notes: Sequence[Note]) -> AsyncIterator[Answer]:
        for each in notes[1:]:
            yield Answer(each.errand_id, "done")


class Dropping(Wall):
    def put(self, text: str) -> None:
        """Says that it was done."""


class Repeating(Wall):
    def put(self, text: str) -> None:
        self.write(text, text)


class TornWall(Wall):
    def put(self, text: str) -> None:
        self.write(*text.splitlines())


class OneLife(Wall):
    """What another life has left is in its way."""

    async def open(self) -> None:
        if self.file.exists():
            raise PluginError("somebody was here")


class Overwriting(Wall):
    async def open(self) -> None:
        self.file.unlink(missing_ok=True)


WALLS: Twins = [
    (LooseWall, {"test_what_it_declares_is_sound"}),
    (UnspokenWall, {"test_what_it_declares_is_sound"}),
    (Unanswering, {"test_each_text_arrives_with_an_answer_for_each"}),
    (Dropping, {"test_each_text_arrives_with_an_answer_for_each", "test_hostile_texts_stay_texts"}),
    (Repeating, {"test_each_text_arrives_with_an_answer_for_each", "test_hostile_texts_stay_texts"}),
    (TornWall, {"test_hostile_texts_stay_texts"}),
    (OneLife, {"test_it_can_be_opened_again"}),
    (Overwriting, {"test_it_can_be_opened_again"}),
]


@pytest.mark.parametrize(("wall", "expected"), [(Wall, set()), *WALLS], ids=named)
def test_a_broken_sink_of_texts_fails_where_it_is_broken(tmp_path: Path, wall: type[Wall], expected: set[str]) -> None:
    class Suite(SinkContract):
        plugin = replace(wall.declared, texts=lambda settings, context: wall(Path(context.folder)))

    judge(failures(Suite(), tmp_path, wall), expected)


# --- figures -----------------------------------------------------------------------------------------------------


class Board(Lines):
    """Takes figures; the classes below get one thing wrong."""

    declared = SinkPlugin("board", Strict)

    def publish(self, measurements: Sequence[Measurement]) -> None:
        self.write(*([each.name, dict(each.labels), each.value] for each in measurements))

    def taken(self) -> list[tuple[str, float]]:
        return [(name, value) for name, _, value in self.all()]


class LooseBoard(Board):
    declared = replace(Board.declared, settings=Loose)


class Rounding(Board):
    def publish(self, measurements: Sequence[Measurement]) -> None:
        super().publish([replace(each, value=int(each.value)) for each in measurements])


class Expecting(Board):
    """Something has always been measured, it thinks."""

    def publish(self, measurements: Sequence[Measurement]) -> None:
        self.latest = max(each.at for each in measurements)
        super().publish(measurements)


class Headed(Board):
    """Writes something although nothing was measured."""

    def publish(self, measurements: Sequence[Measurement]) -> None:
        self.write(["looks", {}, 1.0])
        super().publish(measurements)


class Unquoted(Board):
    """Labels as `name=value`, with blanks between them, a line for each figure."""

    def publish(self, measurements: Sequence[Measurement]) -> None:
        with self.file.open("a", encoding="utf-8", newline="") as file:
            for each in measurements:
                labels = " ".join(f"{name}={value}" for name, value in each.labels.items())
                file.write(f"{each.name} {each.value} {labels}\n")

    def taken(self) -> list[tuple[str, float]]:
        lines = self.file.read_text("utf-8").splitlines() if self.file.exists() else []
        return [(line.split(" ")[0], float(line.split(" ")[1])) for line in lines]


class Constant(Board):
    """Keeps the first value of each figure for ever."""

    def publish(self, measurements: Sequence[Measurement]) -> None:
        held = [(name, labels) for name, labels, _ in self.all()]
        super().publish([each for each in measurements if (each.name, dict(each.labels)) not in held])


BOARDS: Twins = [
    (LooseBoard, {"test_what_it_declares_is_sound"}),
    (Rounding, {"test_figures_arrive"}),
    (Expecting, {"test_a_look_at_which_nothing_was_measured_is_no_mistake"}),
    (Headed, {"test_a_look_at_which_nothing_was_measured_is_no_mistake", "test_figures_arrive"}),
    (Unquoted, {"test_names_of_campaigns_stay_names"}),
    (Constant, {"test_figures_are_published_again_and_again"}),
]


@pytest.mark.parametrize(("board", "expected"), [(Board, set()), *BOARDS], ids=named)
def test_a_broken_sink_of_figures_fails_where_it_is_broken(
    tmp_path: Path, board: type[Board], expected: set[str]
) -> None:
    class Suite(FigureContract):
        plugin = replace(board.declared, figures=lambda settings, context: board(Path(context.folder)))

    judge(failures(Suite(), tmp_path, board), expected)


# --- sources -----------------------------------------------------------------------------------------------------


class Pairs:
    """Reads lines `key=name`; the classes below get one thing wrong."""

    suffixes: tuple[str, ...] = (".pairs",)

    def rows(self, lines: Iterable[bytes]) -> Iterator[Row | BadRow]:
        for number, line in enumerate(lines, start=1):
            try:
                yield Row(number, self.values(line, number))
            except ValueError as error:
                yield self.bad(number, str(error), line)

    def values(self, line: bytes, number: int) -> Mapping[str, object]:
        text = (line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line).decode().rstrip("\r\n")
        key, name = text.split("=")
        return {"key": key, "name": name}

    def bad(self, number: int, reason: str, line: bytes) -> BadRow:
        return BadRow(number, "", reason, line.decode(errors="replace"))


class Dotless(Pairs):
    suffixes = ("pairs",)


class Backwards(Pairs):
    def rows(self, lines: Iterable[bytes]) -> Iterator[Row | BadRow]:
        found = list(super().rows(lines))
        yield from (replace(each, line=at) for at, each in enumerate(reversed(found), start=1))


class FromZero(Pairs):
    def rows(self, lines: Iterable[bytes]) -> Iterator[Row | BadRow]:
        yield from (replace(each, line=each.line - 1) for each in super().rows(lines))


class Uncounted(Pairs):
    def rows(self, lines: Iterable[bytes]) -> Iterator[Row | BadRow]:
        yield from (replace(each, line=1) for each in super().rows(lines))


class Remembering(Pairs):
    """Who was read is not read again."""

    def __init__(self) -> None:
        self.seen: set[object] = set()

    def rows(self, lines: Iterable[bytes]) -> Iterator[Row | BadRow]:
        for each in super().rows(lines):
            if isinstance(each, BadRow) or each.values["key"] not in self.seen:
                yield each
        self.seen |= {"ada", "bob"}


class Marked(Pairs):
    """The mark at the beginning becomes a part of the first key."""

    def values(self, line: bytes, number: int) -> Mapping[str, object]:
        return super().values(line, number + 1)


class UnixOnly(Pairs):
    def values(self, line: bytes, number: int) -> Mapping[str, object]:
        if line.endswith(b"\r\n"):
            line = line.replace(b"\r", b"?")
        return super().values(line, number)


class Ending(Pairs):
    """A line without an end is none."""

    def rows(self, lines: Iterable[bytes]) -> Iterator[Row | BadRow]:
        yield from super().rows(each for each in lines if each.endswith(b"\n"))


class Unempty(Pairs):
    def rows(self, lines: Iterable[bytes]) -> Iterator[Row | BadRow]:
        lines = iter(lines)
        first = next(lines, None)
        if first is None:
            raise CampflowError("the file is empty")
        yield from super().rows(each for rest in ([first], lines) for each in rest)


class Brittle(Pairs):
    """One bad line takes the file with it."""

    def bad(self, number: int, reason: str, line: bytes) -> BadRow:
        raise CampflowError(reason)


class Wordless(Pairs):
    def bad(self, number: int, reason: str, line: bytes) -> BadRow:
        return super().bad(number, "", line)


class Swallowing(Pairs):
    """All of it first, and then the records."""

    def rows(self, lines: Iterable[bytes]) -> Iterator[Row | BadRow]:
        yield from super().rows(list(lines))


PAIRS: Twins = [
    (Dotless, {"test_what_it_declares_is_sound"}),
    (Backwards, {"test_the_records_are_read_in_order"}),
    (FromZero, {"test_the_records_are_read_in_order"}),
    (Uncounted, {"test_the_records_are_read_in_order"}),
    (Remembering, {"test_it_may_be_read_again"}),
    (Marked, {"test_a_mark_at_the_beginning_and_ends_of_lines_of_windows_change_nothing"}),
    (UnixOnly, {"test_a_mark_at_the_beginning_and_ends_of_lines_of_windows_change_nothing"}),
    (Ending, {"test_a_mark_at_the_beginning_and_ends_of_lines_of_windows_change_nothing"}),
    (Unempty, {"test_an_empty_file_has_no_records"}),
    (Brittle, {"test_what_cannot_be_read_is_a_bad_row_and_the_rest_is_read"}),
    (Wordless, {"test_what_cannot_be_read_is_a_bad_row_and_the_rest_is_read"}),
    (Swallowing, {"test_it_reads_no_further_than_it_is_asked"}),
]


@pytest.mark.parametrize(("source", "expected"), [(Pairs, set()), *PAIRS], ids=named)
def test_a_broken_source_fails_where_it_is_broken(tmp_path: Path, source: type[Pairs], expected: set[str]) -> None:
    class Suite(SourceContract):
        plugin = SourcePlugin("pairs", source())
        file = (b"ada=Ada\n", b"bob=Bob\n")
        rows = ({"key": "ada", "name": "Ada"}, {"key": "bob", "name": "Bob"})
        more = b"zoe=Zoe\n"

    judge(failures(Suite(), tmp_path, Lines), expected)


# --- actions -----------------------------------------------------------------------------------------------------


class Gifts(Lines):
    """Gives things to people; the classes below get one thing wrong."""

    declared: Any = partial(ActionPlugin, "give", frozenset({"what"}), Strict, "key")

    async def run(self, tasks: Sequence[Task]) -> AsyncIterator[Answer]:
        for each in tasks:
            yield self.give(each)

    def give(self, task: Task) -> Answer:
        what = task.options.get("what")
        if not isinstance(what, str) or len(what) > 100:
            return Answer(task.errand_id, "failed", "`what` is the name of a gift: write a short text")
        if task.key not in [key for key, _ in self.all()]:
            self.write([task.key, f"{task.contact_key}: {what}"])
        return Answer(task.errand_id, "done")

    def done(self) -> list[str]:
        return [text for _, text in self.all()]


class LooseGifts(Gifts):
    declared = partial(ActionPlugin, "give", frozenset({"what"}), Loose, "key")


class NoGifts(Gifts):
    declared = partial(Gifts.declared, batch=0)


class OtherWords(Gifts):
    """Takes another option than its suite gives."""

    declared = partial(ActionPlugin, "give", frozenset({"whatever"}), Strict, "key")


class Skipping(Gifts):
    async def run(self, tasks: Sequence[Task]) -> AsyncIterator[Answer]:
        for each in tasks[1:]:
            yield self.give(each)


class Promising(Gifts):
    def give(self, task: Task) -> Answer:
        return Answer(task.errand_id, "done")


class Upset(Gifts):
    """One odd task takes its neighbours with it."""

    def give(self, task: Task) -> Answer:
        found = super().give(task)
        if found.outcome == "failed":
            raise ValueError(found.detail)
        return found


class Mute(Gifts):
    def give(self, task: Task) -> Answer:
        return replace(super().give(task), detail="")


class TornGifts(Gifts):
    def give(self, task: Task) -> Answer:
        found = super().give(task)
        self.write(*([f"{task.key}.{at}", more] for at, more in enumerate(task.contact_key.splitlines()[1:])))
        return found


class Generous(Gifts):
    """Whoever is asked for twice gets two."""

    def give(self, task: Task) -> Answer:
        return super().give(replace(task, key=f"{task.key}.{len(self.all())}"))


GIFTS: Twins = [
    (LooseGifts, {"test_what_it_declares_is_sound"}),
    (NoGifts, {"test_what_it_declares_is_sound"}),
    (OtherWords, {"test_what_it_declares_is_sound"}),
    (Skipping, {"test_each_task_is_done_with_an_answer_for_each"}),
    (Promising, {"test_each_task_is_done_with_an_answer_for_each"}),
    (Upset, {"test_odd_options_and_hostile_fields_spoil_their_own_task"}),
    (Mute, {"test_odd_options_and_hostile_fields_spoil_their_own_task"}),
    (TornGifts, {"test_odd_options_and_hostile_fields_spoil_their_own_task"}),
    (Generous, {"test_what_is_asked_for_twice_with_one_key_is_done_once"}),
]


@pytest.mark.parametrize(("gifts", "expected"), [(Gifts, set()), *GIFTS], ids=named)
def test_a_broken_action_fails_where_it_is_broken(tmp_path: Path, gifts: type[Gifts], expected: set[str]) -> None:
    class Suite(ActionContract):
        plugin = gifts.declared(make=lambda settings, context: gifts(Path(context.folder)))
        options: ClassVar[Mapping[str, object]] = {"what": "tea"}

    judge(failures(Suite(), tmp_path, gifts), expected)


# --- audiences ---------------------------------------------------------------------------------------------------


class Lists:
    """Keeps lists of people in files; the classes below get one thing wrong."""

    settings: Mapping[str, object] = {}
    declared: Any = partial(AudiencePlugin, "lists", Strict)

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def open(self) -> None:
        """Nothing to get ready."""

    async def close(self) -> None:
        """Nothing is held open."""

    async def add(self, audience: str, members: Sequence[Member]) -> None:
        self.keep(audience, [*self.kept(audience), *(each.contact_key for each in members)])

    async def remove(self, audience: str, members: Sequence[Member]) -> None:
        gone = {each.contact_key for each in members}
        self.keep(audience, [each for each in self.kept(audience) if each not in gone])

    def file(self, audience: str) -> Path:
        return self.folder / f"{audience}.json"

    def kept(self, audience: str) -> list[str]:
        found: list[str] = json.loads(self.file(audience).read_text()) if self.file(audience).exists() else []
        return found

    def keep(self, audience: str, keys: Iterable[str]) -> None:
        self.file(audience).write_text(json.dumps(sorted(set(keys))))

    def of(self, audience: str) -> list[str]:
        return self.kept(audience)


class LooseLists(Lists):
    declared = partial(AudiencePlugin, "lists", Loose)


class NoLists(Lists):
    declared = partial(Lists.declared, batch=0)


class Keeping(Lists):
    async def remove(self, audience: str, members: Sequence[Member]) -> None:
        """Whoever is in stays in."""


class OneList(Lists):
    def file(self, audience: str) -> Path:
        return self.folder / "everybody.json"


class Doubling(Lists):
    def keep(self, audience: str, keys: Iterable[str]) -> None:
        self.file(audience).write_text(json.dumps(sorted(keys)))


class Exact(Lists):
    """Whoever is to go has to be there."""

    async def remove(self, audience: str, members: Sequence[Member]) -> None:
        keys = self.kept(audience)
        for each in members:
            keys.remove(each.contact_key)
        self.keep(audience, keys)


class Short(Lists):
    """Takes a hundred of a batch, and says nothing of the rest."""

    async def add(self, audience: str, members: Sequence[Member]) -> None:
        await super().add(audience, members[:100])


class TornLists(Lists):
    async def add(self, audience: str, members: Sequence[Member]) -> None:
        keys = [line for each in members for line in each.contact_key.splitlines()]
        self.keep(audience, [*self.kept(audience), *keys])


class Hopeless(Lists):
    """Says of one bad name that nobody can be added now."""

    async def add(self, audience: str, members: Sequence[Member]) -> None:
        if not all(each.contact_key.isprintable() for each in members):
            raise PluginError("no such name")
        await super().add(audience, members)


class Polite(Lists):
    """Leaves bad names out, and says nothing."""

    async def add(self, audience: str, members: Sequence[Member]) -> None:
        await super().add(audience, [each for each in members if each.contact_key.isprintable()])


LISTS: Twins = [
    (LooseLists, {"test_what_it_declares_is_sound"}),
    (NoLists, {"test_what_it_declares_is_sound"}),
    (Keeping, {"test_people_come_and_go", "test_twice_is_once"}),
    (OneList, {"test_audiences_are_kept_apart"}),
    (Doubling, {"test_twice_is_once"}),
    (Exact, {"test_twice_is_once", "test_removing_who_was_never_there_is_no_mistake"}),
    (Short, {"test_a_batch_as_large_as_it_takes"}),
    (TornLists, {"test_hostile_names_are_refused_or_kept_as_they_are"}),
    (Hopeless, {"test_hostile_names_are_refused_or_kept_as_they_are"}),
    (Polite, {"test_hostile_names_are_refused_or_kept_as_they_are"}),
]


@pytest.mark.parametrize(("lists", "expected"), [(Lists, set()), *LISTS], ids=named)
def test_a_broken_destination_fails_where_it_is_broken(tmp_path: Path, lists: type[Lists], expected: set[str]) -> None:
    class Suite(AudienceContract):
        plugin = lists.declared(make=lambda settings, context: lists(Path(context.folder)))

    judge(failures(Suite(), tmp_path, lists), expected)


# --- webhooks ----------------------------------------------------------------------------------------------------

SECRET = "the shop's secret"
ADDRESS = "https://go.acme.example/hooks/pigeon"
REPORT = {"name": "clicked", "id": "1", "at": "2026-03-02T09:00:00+00:00"}


def signed(body: bytes) -> str:
    return hmac.digest(SECRET.encode(), body, hashlib.sha256).hex()


class Bell:
    """Hears signed reports of clicks; the classes below get one thing wrong."""

    declared: Any = partial(replace, PIGEON)
    unsigned: tuple[str, ...] = ("x-signature",)
    url = ADDRESS
    tells: tuple[str, ...] = ("clicked",)

    def __init__(self) -> None:
        self.heard = 0

    async def open(self) -> None:
        """Nothing to get ready."""

    async def close(self) -> None:
        """Nothing is held open."""

    async def hear(self, request: WebRequest) -> WebAnswer:
        self.heard += 1
        self.know(request)
        try:
            report = json.loads(request.body)
            told = self.read(report, request)
        except (ValueError, LookupError, TypeError, RecursionError) as error:
            raise WebhookRefused("no report", 400) from error
        return WebAnswer([told])

    def know(self, request: WebRequest) -> None:
        """Raises WebhookRefused where it is somebody else who calls."""
        if not hmac.compare_digest(signed(request.body).encode(), request.headers.get("x-signature", "").encode()):
            raise WebhookRefused("the signature is not the shop's")

    def read(self, report: Any, request: WebRequest) -> Reaction | ContactEvent:
        return Reaction(report["name"], dt.datetime.fromisoformat(report["at"]), report["id"], address="ada@x.example")


class Doorbell(Bell):
    """Knows who calls by a word in the address. Nothing is wrong with that."""

    unsigned = ()
    url = f"{ADDRESS}?word=pigeon"

    def know(self, request: WebRequest) -> None:
        if not request.url.endswith("?word=pigeon"):
            raise WebhookRefused("the address is not the shop's")


class Guarded(Bell):
    """Tells nothing twice in one life. Nothing is wrong with that."""

    def know(self, request: WebRequest) -> None:
        super().know(request)
        if self.heard > 1:
            raise WebhookRefused("that was said already")


class Misreading(Bell):
    def read(self, report: Any, request: WebRequest) -> Reaction | ContactEvent:
        return Reaction("opened", dt.datetime.fromisoformat(report["at"]), report["id"])


class Anonymous(Bell):
    def read(self, report: Any, request: WebRequest) -> Reaction | ContactEvent:
        return Reaction(report["name"], dt.datetime.fromisoformat(report["at"]), "")


class Placeless(Bell):
    """Times without an offset are nobody's."""

    def read(self, report: Any, request: WebRequest) -> Reaction | ContactEvent:
        return Reaction(report["name"], dt.datetime.fromisoformat(report["at"][:19]), report["id"])


class Complaining(Bell):
    async def hear(self, request: WebRequest) -> WebAnswer:
        return replace(await super().hear(request), status=500)


class Undeclared(Bell):
    declared = partial(replace, PIGEON, reports=frozenset({"delivered"}))


class Inventive(Bell):
    """Has a word of its own for it."""

    tells = ("pecked",)

    def read(self, report: Any, request: WebRequest) -> Reaction | ContactEvent:
        return Reaction("pecked", dt.datetime.fromisoformat(report["at"]), report["id"])


class Misplaced(Bell):
    """Is no channel, and speaks of messages."""

    @staticmethod
    def declared(webhook: Any) -> WebhookPlugin:
        return WebhookPlugin("pigeon", PIGEON.settings, webhook)


class Placed(Misplaced):
    """Is no channel, and speaks of people. Nothing is wrong with that."""

    def read(self, report: Any, request: WebRequest) -> Reaction | ContactEvent:
        at = dt.datetime.fromisoformat(report["at"])
        return ContactEvent("ada", report["name"], at, "pigeon", report["id"])


class Numbering(Bell):
    def read(self, report: Any, request: WebRequest) -> Reaction | ContactEvent:
        return Reaction(report["name"], dt.datetime.fromisoformat(report["at"]), f"{self.heard}")


class Clocked(Bell):
    """Takes the time of the call for its name."""

    def read(self, report: Any, request: WebRequest) -> Reaction | ContactEvent:
        return Reaction(report["name"], dt.datetime.fromisoformat(report["at"]), request.at.isoformat())


class Salted(Bell):
    """Its names last as long as itself."""

    def __init__(self) -> None:
        super().__init__()
        self.salt = secrets.token_hex()

    def read(self, report: Any, request: WebRequest) -> Reaction | ContactEvent:
        return Reaction(report["name"], dt.datetime.fromisoformat(report["at"]), f"{self.salt} {report['id']}")


class Trusting(Bell):
    def know(self, request: WebRequest) -> None:
        """Whoever calls is believed."""


class Open(Doorbell):
    def know(self, request: WebRequest) -> None:
        """Whoever finds the address is believed."""


class Unlocked(Doorbell):
    """There is no word to know."""

    url = ADDRESS

    def know(self, request: WebRequest) -> None:
        """Whoever finds the address is believed."""


class Halfway(Doorbell):
    """It is enough to know that there is a word."""

    def know(self, request: WebRequest) -> None:
        if "?word=" not in request.url:
            raise WebhookRefused("the address is not the shop's")


class Plain(Bell):
    """Breaks at a signature of other letters than those of signatures."""

    def know(self, request: WebRequest) -> None:
        if not hmac.compare_digest(signed(request.body), request.headers.get("x-signature", "")):
            raise WebhookRefused("the signature is not the shop's")


class Understanding(Bell):
    """Signatures are over what is meant, it thinks."""

    def know(self, request: WebRequest) -> None:
        try:
            meant = json.dumps(json.loads(request.body)).encode()
        except (ValueError, RecursionError) as error:
            raise WebhookRefused("no report", 400) from error
        super().know(replace(request, body=meant))


class Impatient(Bell):
    """Reads before it knows who calls."""

    def know(self, request: WebRequest) -> None:
        if json.loads(request.body)["name"] != "clicked":
            raise WebhookRefused("no report", 400)
        super().know(request)


class Imaginative(Bell):
    """Makes something of everything."""

    async def hear(self, request: WebRequest) -> WebAnswer:
        try:
            return await super().hear(request)
        except WebhookRefused:
            if request.headers.get("x-signature") and request.body[:1] == b"{":
                raise
            return WebAnswer([Reaction("clicked", request.at, "0")])


BELLS: Twins = [
    (Misreading, {"test_genuine_calls_tell_of_what_happened"}),
    (Anonymous, {"test_genuine_calls_tell_of_what_happened"}),
    (Placeless, {"test_genuine_calls_tell_of_what_happened"}),
    (Complaining, {"test_genuine_calls_tell_of_what_happened"}),
    (Undeclared, {"test_only_declared_reactions_are_told"}),
    (Inventive, {"test_only_declared_reactions_are_told"}),
    (Misplaced, {"test_only_declared_reactions_are_told"}),
    (Numbering, {"test_the_same_call_twice_has_the_same_ids"}),
    (Clocked, {"test_the_same_call_twice_has_the_same_ids"}),
    (Salted, {"test_the_same_call_twice_has_the_same_ids"}),
    (Trusting, {"test_a_call_without_its_signature_is_refused", "test_a_body_that_was_changed_is_refused"}),
    (Open, {"test_a_call_without_its_signature_is_refused"}),
    (Unlocked, {"test_a_call_without_its_signature_is_refused"}),
    (Halfway, {"test_a_call_without_its_signature_is_refused"}),
    (Plain, {"test_a_call_without_its_signature_is_refused"}),
    (Understanding, {"test_a_body_that_was_changed_is_refused"}),
    (Impatient, {"test_rubbish_is_refused_and_never_breaks_it"}),
    (Imaginative, {"test_rubbish_is_refused_and_never_breaks_it"}),
]


@pytest.mark.parametrize(
    ("bell", "expected"), [(Bell, set()), (Doorbell, set()), (Guarded, set()), (Placed, set()), *BELLS], ids=named
)
def test_a_broken_webhook_fails_where_it_is_broken(tmp_path: Path, bell: type[Bell], expected: set[str]) -> None:
    class Suite(WebhookContract):
        plugin = bell.declared(webhook=lambda settings, context: bell())
        unsigned = bell.unsigned

        def calls(self) -> list[Call]:
            body = json.dumps(REPORT).encode()
            at = dt.datetime(2026, 3, 2, 9, 1, tzinfo=dt.UTC)
            return [Call(WebRequest("POST", bell.url, {"x-signature": signed(body)}, body, at), bell.tells)]

    judge(failures(Suite(), tmp_path, Lines), expected)


# --- all of them -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("contract", "twins"),
    [
        (SinkContract, WALLS),
        (FigureContract, BOARDS),
        (SourceContract, PAIRS),
        (ActionContract, GIFTS),
        (AudienceContract, LISTS),
        (WebhookContract, BELLS),
    ],
    ids=named,
)
def test_each_test_of_a_suite_has_somebody_for_whom_it_fails(contract: type, twins: Twins) -> None:
    assert all_tests(contract) == {name for _, expected in twins for name in expected}
