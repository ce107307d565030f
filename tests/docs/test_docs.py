"""The pages of docs/ say what campflow does: examples compile, made text is what is made, nothing is left out."""

import dataclasses
import inspect
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from pydantic import BaseModel
from tests.docs.made import examples, is_example, made
from tests.docs.pages import DOCS, ROOT, Block, anchor, blocks, headings, links, pages, read, section
from tests.docs.played import PROJECT
from tests.docs.rooms import MESSAGES, Example
from tests.docs.sessions import Command, Shell, agrees, commands, has_session

from campflow.cli.commands import app_for
from campflow.cli.desk import State
from campflow.diagnostics.catalogue import TITLES, severity
from campflow.engine import doctor_store, doctor_work
from campflow.engine.doctor_rows import ROW_CHECKS
from campflow.hooks import contracts, specs
from campflow.measuring.measures import MEASURES
from campflow.settings import ChannelLimits, ChannelTracking, Settings
from campflow.storage.tables import Tables
from campflow_email.settings import EmailSettings
from campflow_lob.settings import LobSettings
from campflow_print.settings import LetterSettings
from campflow_sms.settings import SmsSettings
from campflow_social.settings import BlueskySettings, FacebookSettings, LinkedInSettings, MastodonSettings

REFERENCE = DOCS / "reference"
EXAMPLES = [block for page in pages() for block in blocks(page) if is_example(block)]


# --- examples ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("block", EXAMPLES, ids=str)
def test_each_example_is_right_or_wrong_as_marked(block: Block) -> None:
    """`wrong=CODE` is reported, and nothing else; `warns=CODE` too, beside a program that compiles."""
    example = examples(block.page)[block]
    expected = {code for mark in ("wrong", "warns") if (code := block.mark(mark))}
    found = {each.code for each in example.found}
    assert found == expected, example.findings() or "nothing was found"
    if block.mark("wrong") is None or severity(str(block.mark("wrong"))) == "warning":
        assert example.program.campaigns or "campaign " not in block.text


def test_the_messages_of_the_examples_are_named() -> None:
    named = read(DOCS / "language" / "index.md")
    assert [name for name in MESSAGES if f"`{name}`" not in named] == []


def test_a_language_page_stands_for_each_construct() -> None:
    """The grammar's own list: clauses of a campaign, actions and triggers of a stage."""
    grammar = read(ROOT / "src/campflow/language/flow.lark")
    rules = re.search(r"_campaign_item: (.*?)\n\n", grammar, re.DOTALL)
    actions = re.search(r"_action: (.*?)\n", grammar)
    assert rules is not None
    assert actions is not None
    words = {word.strip("_") for word in re.findall(r"\w+", f"{rules[1]} {actions[1]}")}
    ways = {"on", "after", "at", "on-date", "when", "else"}
    language = DOCS / "language"
    there = {page.stem for page in language.glob("*.md")}
    assert words | ways | {"contact", "event", "segment"} <= there


# --- what is made -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(DOCS)))
def test_what_is_made_is_up_to_date(page: Path) -> None:
    for block, text in made(page):
        assert block.text == text, f"{block} is out of date: python -m tests.docs.regenerate"


@pytest.mark.parametrize("room", ["tokens", "tree", "model", "plan", "sql"])
def test_rooms_hold_what_the_command_prints(room: str, tmp_path: Path) -> None:
    shutil.copytree(PROJECT, tmp_path, dirs_exist_ok=True)
    example = Example(read(PROJECT / "hello.flow"), alone=True, path="hello.flow")
    printed = Shell(tmp_path).run(f"campflow compile hello.flow --to {room}")
    assert printed == example.room(room).rstrip("\n").split("\n")


def test_each_order_of_a_page_is_known() -> None:
    """A misspelt comment would leave its block unchecked."""
    known = {"", "file", "sql", "room", "check", "rows", "mail", "content", "write"}
    assert {block.order for page in pages() for block in blocks(page)} <= known


def test_sql_on_a_page_is_always_made() -> None:
    typed = [str(block) for page in pages() for block in blocks(page) if block.language == "sql" and not block.order]
    assert typed == []


@pytest.mark.parametrize("page", [page for page in pages() if has_session(page)], ids=lambda page: page.stem)
def test_commands_print_what_their_page_shows(page: Path, tmp_path: Path) -> None:
    # The first page that a reader types is typed here as well.
    shell = Shell(tmp_path, started=page.stem == "quickstart")
    for step in commands(page):
        if isinstance(step, Command):
            printed = shell.run(step.line)
            assert agrees(step.shown, printed), f"{step.block}: $ {step.line}\n" + "\n".join(printed)
        else:
            shell.write(step)


# --- nothing is left out ----------------------------------------------------------------------------------------


def test_each_diagnostic_has_a_page_that_shows_it() -> None:
    folder = REFERENCE / "diagnostics"
    assert {page.stem for page in folder.glob("*.md")} == set(TITLES)
    index = read(REFERENCE / "diagnostics.md")
    for code, title in TITLES.items():
        page = folder / f"{code}.md"
        assert headings(page)[0] == code
        assert f"[`{code}`](diagnostics/{code}.md) | {severity(code)} | {title} |" in index
        shown = [block for block in EXAMPLES if block.page == page]
        marks = {mark: [block for block in shown if block.mark(mark) == code] for mark in ("wrong", "warns")}
        assert any(marks.values()), f"{code}: no example of what is wrong"
        assert len(shown) > sum(map(len, marks.values())), f"{code}: no example of what is right"


def _commands(command: object, path: str) -> Iterator[tuple[str, list[str]]]:
    inner = getattr(command, "commands", None)
    if inner is None:
        parameters = list(getattr(command, "params", []))
        options = [opt for each in parameters if each.param_type_name == "option" for opt in each.opts]
        arguments = [each.metavar or each.name for each in parameters if each.param_type_name == "argument"]
        yield path, [*options, *(name.strip("[]").upper() for name in arguments)]
    else:
        for name, each in inner.items():
            yield from _commands(each, f"{path} {name}")


@pytest.mark.parametrize(("command", "words"), list(_commands(typer.main.get_command(app_for()), "campflow")))
def test_each_command_has_its_section_with_each_option(command: str, words: list[str]) -> None:
    text = section(REFERENCE / "commands.md", command)
    assert text, f"commands.md has no heading `{command}`"
    assert [word for word in words if not re.search(rf"`[^`]*(?<![\w-]){re.escape(word)}(?![\w-])[^`]*`", text)] == []


def _keys(model: type[BaseModel], prefix: str) -> Iterator[str]:
    for name, field in model.model_fields.items():
        kinds = (field.annotation, *getattr(field.annotation, "__args__", ()))
        inner = next((kind for kind in kinds if inspect.isclass(kind) and issubclass(kind, BaseModel)), None)
        if inner is not None:
            yield from _keys(inner, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"


def test_each_setting_has_its_heading_and_its_variable() -> None:
    page = REFERENCE / "settings.md"
    plugins: dict[str, type[BaseModel]] = {
        "email": EmailSettings, "letter": LetterSettings, "lob": LobSettings, "NAME": ChannelLimits,
        "mastodon": MastodonSettings, "bluesky": BlueskySettings, "linkedin": LinkedInSettings,
        "facebook": FacebookSettings,
        "sms": SmsSettings,
    }  # fmt: skip
    own = [key for name, model in plugins.items() for key in _keys(model, f"channels.{name}.")]
    own += _keys(ChannelTracking, "channels.NAME.")
    keys = [*_keys(Settings, ""), *own]
    assert [key for key in keys if key not in headings(page)] == []
    for key in keys:
        variable = f"CAMPFLOW_{key.replace('.', '__').upper()}"
        assert re.search(rf"`{variable}(?![A-Z])", section(page, key)), f"{variable} is not named below {key}"
    others = {"Where a setting comes from", "Variables that are no settings", "settings", "campflow.toml"}
    said = [each for each in headings(page) if re.fullmatch(r"[a-z_.]+", each) and each not in others]
    assert [each for each in said if each not in keys] == []


def test_each_hook_and_contract_has_its_heading_with_each_field() -> None:
    page = REFERENCE / "hooks.md"
    known = headings(page)
    hooks = [name for name, each in vars(specs).items() if hasattr(each, f"{specs.PROJECT}_spec")]
    assert hooks
    assert [name for name in hooks if name not in known] == []
    for name, kind in vars(contracts).items():
        if inspect.isclass(kind) and kind.__module__.startswith("campflow.hooks."):
            text = section(page, name)
            assert text, f"hooks.md has no heading `{name}`"
            fields = [each.name for each in dataclasses.fields(kind)] if dataclasses.is_dataclass(kind) else []
            methods = [each for each in vars(kind) if not each.startswith("_")] if not fields else []
            assert [each for each in (*fields, *methods) if f"`{each}" not in text] == [], name


def test_each_promise_about_faults_names_a_test_that_is_there() -> None:
    text = read(DOCS / "explanation" / "delivery-promises.md")
    lines = [line for line in text.splitlines() if line.startswith("| ")][1:]
    named = [re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", line) for line in lines if not line.startswith("| ---")]
    assert len(named) > 10
    assert all(len(each) == 1 for each in named), "a line without its test"
    missing = [f"{file}::{test}" for ((file, test),) in named if f"def {test}(" not in read(ROOT / file)]
    assert missing == []


def test_each_check_of_the_doctor_is_told() -> None:
    text = read(DOCS / "how-to" / "when-something-is-stuck.md")
    checks = [each.name for each in ROW_CHECKS]
    for module in (doctor_store, doctor_work):
        checks += re.findall(r"Finding\(\s*\"([^\"]+)\"", inspect.getsource(module))
    assert len(checks) > 25
    assert [name for name in checks if f"`{name}`" not in text] == []


def test_each_measurement_stands_in_its_page_as_it_is_declared() -> None:
    text = read(REFERENCE / "measurements.md")
    for each in MEASURES.values():
        labels = ", ".join(f"`{label}`" for label in each.labels)
        assert f"| `{each.name}` | {each.kind} | {each.unit} | {labels} | {each.help} |" in text


def test_each_state_of_a_message_has_its_heading() -> None:
    assert [state for state in State if state.value not in headings(REFERENCE / "message-states.md")] == []


def test_each_table_is_in_the_glossary() -> None:
    text = read(DOCS / "glossary.md")
    names = [each.name for each in dataclasses.fields(Tables) if each.name != "metadata"]
    assert [name for name in names if f"`{name}`" not in text] == []


# --- links ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(DOCS)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in links(page):
        file, _, part = target.partition("#")
        there = (page.parent / file).resolve() if file else page
        assert there.exists(), f"{page.relative_to(DOCS)} links to {target}"
        if part:
            assert part in map(anchor, headings(there)), f"{page.relative_to(DOCS)} links to {target}"


def test_each_page_can_be_reached_from_the_index() -> None:
    start = DOCS / "README.md"
    seen, waiting = {start}, [start]
    while waiting:
        page = waiting.pop()
        for target in links(page):
            there = (page.parent / target.partition("#")[0]).resolve()
            if there.suffix == ".md" and there.is_relative_to(DOCS) and there not in seen and there.exists():
                seen.add(there)
                waiting.append(there)
    assert [str(page.relative_to(DOCS)) for page in pages() if page not in seen] == []


def test_the_first_channel_is_sixty_lines_and_stands_whole_on_its_page() -> None:
    """Who types what the page says has the file that `campflow plugin new` writes, and whose suite passes."""
    written = (ROOT / "src" / "campflow" / "cli" / "plugin_files" / "channel.py.txt").read_text("utf-8")
    lines = [line for line in written.split("\n") if line.strip()]
    page = read(DOCS / "tutorials" / "first-channel-plugin.md")
    shown = [line for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL) for line in block.split("\n")]
    assert [line for line in lines if line not in shown] == []
    assert len(lines) <= 60
