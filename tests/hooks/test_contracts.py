"""The contract suites catch what they are there for: each broken channel fails the test that tells of it."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest
from pydantic import BaseModel
from sqlalchemy import func, literal
from tests.databases import found, server
from tests.web.pigeon import PIGEON

from campflow.errors import CampflowError, ChannelError
from campflow.hooks.contracts import (
    CommandPlugin,
    FilterPlugin,
    FunctionPlugin,
    Message,
    Moved,
    ObserverPlugin,
    Receipt,
    RoutePlugin,
    Settled,
)
from campflow.testing import (
    Answer,
    ChannelContract,
    CommandContract,
    FilterContract,
    FunctionContract,
    ObserverContract,
    RouteContract,
    Visitor,
)


class Settings(BaseModel, extra="forbid"):
    file: str = "taken.jsonl"


class Loose(BaseModel):
    file: str = "taken.jsonl"


class Files:
    """A provider that is a file of JSON lines."""

    settings: Mapping[str, object] = {"file": "taken.jsonl"}

    def __init__(self, folder: Path) -> None:
        self.file = folder / "taken.jsonl"
        self.orders: dict[str, Answer] = {}

    def taken(self) -> list[str]:
        return [json.loads(line) for line in self.file.read_text().splitlines()] if self.file.exists() else []

    def will_answer(self, answer: Answer, message: Message) -> None:
        self.orders[message.address] = answer


class Right:
    """Writes each text; the classes below get one thing wrong."""

    files: Files

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def open(self) -> None:
        """Nothing to get ready."""

    async def deliver(self, messages: Sequence[Message]) -> AsyncIterator[Receipt]:
        for message in messages:
            yield self.sent(message)

    def sent(self, message: Message) -> Receipt:
        name, at, host = message.address.partition("@")
        if not (at and name.isalnum() and host == "example.com"):
            return Receipt(message.message_id, "rejected", detail="no address")
        answer = self.files.orders.get(message.address)
        if answer in (None, "silence"):
            self.write(message.parts["text"])
        outcomes: dict[Any, Any] = {"no": "rejected", "later": "retry", "silence": "uncertain", None: "accepted"}
        return Receipt(message.message_id, outcomes[answer], detail=answer or "")

    def write(self, text: str) -> None:
        with (self.folder / "taken.jsonl").open("a") as file:
            file.write(json.dumps(text) + "\n")

    async def close(self) -> None:
        """Nothing is held open."""


class Forgetful(Right):
    async def deliver(self, messages: Sequence[Message]) -> AsyncIterator[Receipt]:
        for message in messages[:-1] or messages:
            yield self.sent(message)


class Twice(Right):
    def write(self, text: str) -> None:
        super().write(text)
        super().write(text)


class Torn(Right):
    def write(self, text: str) -> None:
        for line in text.splitlines():
            super().write(line)


class Credulous(Right):
    def sent(self, message: Message) -> Receipt:
        self.write(message.parts["text"])
        return Receipt(message.message_id, "accepted")


class Hasty(Right):
    def sent(self, message: Message) -> Receipt:
        found = super().sent(message)
        return replace(found, outcome="retry") if found.outcome == "uncertain" else found


class Final(Right):
    def sent(self, message: Message) -> Receipt:
        found = super().sent(message)
        return replace(found, outcome="rejected") if found.outcome == "retry" else found


class Silent(Right):
    def sent(self, message: Message) -> Receipt:
        return replace(super().sent(message), detail="")


class Breaking(Right):
    """One bad message takes the window with it."""

    def sent(self, message: Message) -> Receipt:
        found = super().sent(message)
        if found.outcome == "rejected":
            raise ChannelError("no")
        return found


class Restless(Right):
    async def open(self) -> None:
        self.task = asyncio.create_task(asyncio.sleep(60))


def suite(channel: type[Right], **changes: Any) -> ChannelContract:
    changes = {"settings": Settings, "webhook": None} | changes
    made = replace(PIGEON, make=lambda settings, context: channel(Path(context.folder)), **changes)

    class Suite(ChannelContract):
        plugin = made
        answers = frozenset({"no", "later", "silence"})

    return Suite()


#: What is wrong, and the tests that have to say so.
BROKEN: list[tuple[type[Right], dict[str, Any], set[str]]] = [
    (Forgetful, {}, {"test_a_window_arrives_once_with_a_receipt_for_each"}),
    (Twice, {}, {"test_a_window_arrives_once_with_a_receipt_for_each"}),
    (Torn, {}, {"test_whatever_people_are_called_their_neighbours_get_theirs"}),
    (
        Credulous,
        {},
        {"test_an_address_that_is_none_spoils_its_own_message", "test_silence_after_a_message_is_uncertain"},
    ),
    (Hasty, {}, {"test_silence_after_a_message_is_uncertain"}),
    (Final, {}, {"test_what_the_provider_puts_off_is_to_be_tried_again"}),
    (Silent, {}, {"test_what_the_provider_refuses_is_rejected_and_the_rest_goes"}),
    (Breaking, {}, {"test_an_address_that_is_none_spoils_its_own_message"}),
    (Restless, {}, {"test_closing_what_sent_nothing_does_nothing"}),
    (Right, {"settings": Loose}, {"test_a_setting_that_does_not_exist_is_refused"}),
    (Right, {"idempotency": "key"}, {"test_what_is_offered_twice_with_one_key_is_taken_once"}),
    (Right, {"window": 0}, {"test_what_it_declares_is_sound"}),
    (Right, {"prepare": lambda *_: 1 / 0}, {"test_content_is_made_ready_for_filling"}),
]


def failures(contract: object, folder: Path, fixture: Callable[[Path], object]) -> set[str]:
    """The tests of a suite that fail, each in a folder of its own."""
    failed = set()
    for name in [each for each in dir(contract) if each.startswith("test_")]:
        test = getattr(contract, name)
        if test is None:
            continue
        (place := folder / name).mkdir()
        wanted = test.__code__.co_varnames[1 : test.__code__.co_argcount]
        try:
            test(**{each: place if each == "tmp_path" else fixture(place) for each in wanted})
        except (Exception, pytest.fail.Exception):
            failed.add(name)
    return failed


def failing(channel: type[Right], changes: dict[str, Any], folder: Path) -> set[str]:
    def files(place: Path) -> Files:
        channel.files = Files(place)
        return channel.files

    return failures(suite(channel, **changes), folder, files)


def test_a_right_channel_passes(tmp_path: Path) -> None:
    assert failing(Right, {}, tmp_path) == set()


@pytest.mark.parametrize(("channel", "changes", "expected"), BROKEN, ids=lambda each: getattr(each, "__name__", None))
def test_a_broken_one_fails_where_it_is_broken(
    tmp_path: Path, channel: type[Right], changes: dict[str, Any], expected: set[str]
) -> None:
    assert expected <= failing(channel, changes, tmp_path)


#: A filter that the examples below are about, and the tests that have to say what is wrong with it.
FILTERS: list[tuple[Callable[..., object], set[str]]] = [
    (lambda value: (value or "").title() if isinstance(value, str) else value, set()),
    (lambda value: "Bob", {"test_it_makes_what_the_examples_say"}),
    (lambda value: value.title(), {"test_a_missing_value_spoils_no_message"}),
    (lambda value, seen=[]: seen.append(1) or f"{len(seen)}", {"test_the_same_makes_the_same_and_quickly"}),
]


@pytest.mark.parametrize(("function", "expected"), FILTERS)
def test_a_broken_filter_fails_where_it_is_broken(
    tmp_path: Path, function: Callable[..., object], expected: set[str]
) -> None:
    class Suite(FilterContract):
        plugin = FilterPlugin("heading", function)
        examples = (("ada", "heading", "Ada"),)

    failed = failures(Suite(), tmp_path, lambda place: None)
    assert expected <= failed
    assert failed == set() or expected


#: SQL of a function that halves, and the tests that have to say what is wrong with it.
FUNCTIONS: list[tuple[Callable[..., Any], str, str, set[str]]] = [
    (lambda number: number / 2.0, "number", "number", set()),
    (lambda number: number / 4.0, "number", "number", {"test_it_makes_what_the_examples_say"}),
    (lambda number: number * func.random(), "number", "number", {"test_it_depends_on_nothing_but_what_it_is_given"}),
    (lambda number: func.nullif(number, 0) / 2.0, "number", "number", {"test_it_fails_for_no_value"}),
    (lambda number: func.nullif(number, 0) / 2.0, "number", "number?", set()),
    (
        lambda number: literal(2.0) / (4.0 / number),
        "number",
        "number?",
        {"test_it_fails_for_no_value"} if found() else set(),
    ),
]


@pytest.mark.parametrize(("sql", "takes", "gives", "expected"), FUNCTIONS)
def test_a_broken_function_fails_where_it_is_broken(
    tmp_path: Path, sql: Callable[..., Any], takes: str, gives: str, expected: set[str]
) -> None:
    class Suite(FunctionContract):
        plugin = FunctionPlugin("half", (takes,), gives, sql)
        examples = (((3.0,), 1.5),)
        servers = ("sqlite://", *([server().render_as_string(hide_password=False)] if found() else []))

    failed = failures(Suite(), tmp_path, lambda place: None)
    assert expected <= failed
    assert failed == set() or expected


def greet(name: str) -> None:
    """Greet somebody."""
    print(f"Hello {name}")


def cold(name: str) -> None:
    """Greet nobody."""
    print("Away")


def wordless(name: str) -> None:
    print(f"Hello {name}")


def ending(name: str) -> None:
    """Greet somebody, and end as if that had failed."""
    print(f"Hello {name}")
    raise SystemExit(3)


def easily_upset(name: str) -> None:
    """Greet who has a first name and no other."""
    if not name.isalpha():
        raise ValueError(name)
    print(f"Hello {name}")


def excused(name: str) -> None:
    """Greet who has a first name and no other."""
    if not name.isalpha():
        raise CampflowError("that is no first name: write letters only")
    print(f"Hello {name}")


#: Commands that greet, and the tests that have to say what is wrong with one.
COMMANDS: list[tuple[str, Callable[..., object], set[str]]] = [
    ("greet", greet, set()),
    ("greet", excused, set()),
    ("check", greet, {"test_what_it_declares_is_sound"}),
    ("greet", wordless, {"test_its_help_says_what_it_does"}),
    ("greet", cold, {"test_a_right_line_does_its_work"}),
    ("greet", ending, {"test_a_right_line_does_its_work"}),
    ("greet", easily_upset, {"test_odd_words_are_answered"}),
]


@pytest.mark.parametrize(("name", "run", "expected"), COMMANDS)
def test_a_broken_command_fails_where_it_is_broken(
    tmp_path: Path, name: str, run: Callable[..., object], expected: set[str]
) -> None:
    class Suite(CommandContract):
        plugin = CommandPlugin(name, run)
        line = ("Ada",)
        said = "Hello Ada"

    failed = failures(Suite(), tmp_path, lambda place: None)
    assert expected <= failed
    assert failed == set() or expected


async def reflecting(scope: Any, receive: Any, send: Any) -> None:
    """Says what it was asked, as it was asked."""
    found = scope["path"].endswith("/")
    await send({"type": "http.response.start", "status": 200 if found else 404, "headers": []})
    await send({"type": "http.response.body", "body": b"You asked for " + unquote_to_bytes(scope["query_string"])})


async def right(scope: Any, receive: Any, send: Any) -> None:
    status = 200 if scope["path"] == "/pages/shop/" else 404
    await send({"type": "http.response.start", "status": status, "headers": []})
    await send({"type": "http.response.body", "body": b"Hello"})


async def everywhere(scope: Any, receive: Any, send: Any) -> None:
    await right({"path": "/pages/shop/"}, receive, send)


async def raising(scope: Any, receive: Any, send: Any) -> None:
    await right(scope, receive, send) if scope["method"] == "GET" else 1 / 0


@pytest.mark.parametrize(
    ("app", "expected"),
    [
        (right, set()),
        (reflecting, {"test_nothing_of_a_visitor_is_shown_unescaped"}),
        (everywhere, {"test_what_is_not_there_is_said_to_be_not_there"}),
        (raising, {"test_other_methods_are_answered"}),
    ],
)
def test_broken_pages_fail_where_they_are_broken(tmp_path: Path, app: Any, expected: set[str]) -> None:
    class Strict(BaseModel, extra="forbid"):
        pass

    class Suite(RouteContract):
        plugin = RoutePlugin("shop", Strict, lambda settings, context: app)
        paths = ("/",)

    failed = failures(Suite(), tmp_path, lambda place: Visitor(app, "/pages/shop"))
    assert failed == expected


class Heard:
    """An observer of lines; `lose` and `tear` are what it gets wrong."""

    def __init__(self, folder: Path, lose: bool = False, tear: bool = False, stumble: bool = False) -> None:
        self.file, self.lose, self.tear, self.stumble = folder / "heard.txt", lose, tear, stumble

    async def open(self) -> None:
        """Nothing to get ready."""

    async def moved(self, moves: Sequence[Moved]) -> None:
        for each in moves[1:] if self.lose else moves:
            self.write(each.contact_key, (each.to_stage or "").upper() if self.stumble else each.to_stage)

    async def settled(self, fates: Sequence[Settled]) -> None:
        for each in fates:
            self.write(each.contact_key, each.state)

    def write(self, key: str, word: object) -> None:
        with self.file.open("a", encoding="utf-8", newline="") as file:
            file.write((f"{key} {word}" if self.tear else json.dumps([key, word])) + "\n")

    async def close(self) -> None:
        """Nothing is held open."""

    settings: Mapping[str, object] = {}

    def taken(self) -> list[str]:
        return self.file.read_text("utf-8").splitlines() if self.file.exists() else []


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ({}, set()),
        ({"lose": True}, {"test_all_arrives_in_its_order", "test_a_whole_batch_is_taken"}),
        ({"tear": True}, {"test_hostile_names_and_details_stay_what_they_are"}),
        ({"stumble": True}, {"test_all_arrives_in_its_order"}),
    ],
)
def test_a_broken_observer_fails_where_it_is_broken(tmp_path: Path, wrong: dict[str, bool], expected: set[str]) -> None:
    class Strict(BaseModel, extra="forbid"):
        pass

    class Suite(ObserverContract):
        plugin = ObserverPlugin("log", Strict, lambda settings, context: Heard(Path(context.folder), **wrong))

    failed = failures(Suite(), tmp_path, Heard)
    assert expected <= failed
    assert failed == set() or expected
