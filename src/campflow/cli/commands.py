"""All commands, in the order in which a newcomer needs them. Each imports what it runs only when it is called.

A command line asks for one of them. To import the others and to work out their options took longer than most checks.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from campflow.cli.main import main

if TYPE_CHECKING:
    from campflow.hooks.contracts import CommandPlugin

#: Where each command lives in this room: its module and its function.
COMMANDS: Mapping[str, str] = {
    "init": "authoring.init",
    "check": "authoring.check",
    "fmt": "formatting.fmt",
    "test": "testing.run_tests",
    "compile": "authoring.compile_file",
    "diff": "differing.diff",
    "graph": "drawing.graph",
    "simulate": "simulating.simulate",
    "preview": "previewing.preview",
    "send-test": "previewing.send_test",
    "lsp": "editor.lsp",
    "people import": "importing.import_people",
    "people show": "person.show",
    "people consent": "person.consent",
    "people suppress": "person.suppress",
    "people forget": "person.forget",
    "people export": "person.export",
    "events import": "importing.import_events",
    "plan": "changing.plan",
    "apply": "changing.apply",
    "rollback": "changing.rollback",
    "versions": "changing.versions",
    "run": "operating.run",
    "worker": "working.worker",
    "tick": "operating.tick",
    "status": "desk.status",
    "explain": "desk.explain",
    "outbox": "desk.outbox",
    "errands": "errands.errands",
    "doctor": "doctor.doctor",
    "retry messages": "retrying.messages",
    "retry errands": "retrying.errands",
    "channel pause": "retrying.pause",
    "channel resume": "retrying.resume",
    "plugins": "plugins.plugins",
    "plugin new": "plugins.new",
    "db upgrade": "db.upgrade",
    "db check": "db.check",
    "db copy": "db.copy",
    "db distribute": "db.distribute",
}

#: What commands of two words are about.
GROUPS: Mapping[str, str] = {
    "people": "Who there is.",
    "events": "What they do.",
    "db": "Where it is all kept.",
    "retry": "What goes out once more.",
    "channel": "Pause a channel, and go on.",
    "plugin": "Of your own.",
}


def app_for(words: Sequence[str] = (), plugins: "Iterable[CommandPlugin]" = ()) -> typer.Typer:
    """The application for a command line: the command that it begins with, or all where it begins with none.

    `plugins` are commands that plugins add; one with the name of campflow's own is left out, and
    `campflow plugins` says so.
    """
    named = [command for command in COMMANDS if words and command.split()[0] == words[0]]
    app = typer.Typer(
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
        help="Campaigns as code: write a campaign in a text file, check it, run it.",
    )
    app.callback()(campflow)
    groups: dict[str, typer.Typer] = {}
    for command in named or COMMANDS:
        *group, word = command.split()
        place = app
        for name in group:
            if name not in groups:
                groups[name] = typer.Typer(no_args_is_help=True, help=GROUPS[name])
                app.add_typer(groups[name], name=name)
            place = groups[name]
        module, _, function = COMMANDS[command].rpartition(".")
        place.command(word)(getattr(import_module(f"campflow.cli.{module}"), function))
    for each in plugins:
        if each.name not in FIRST_WORDS:
            app.command(each.name, rich_help_panel="Commands of plugins")(each.run)
    return app


#: What a command of ours begins with: no plugin's can have that name.
FIRST_WORDS = frozenset(command.split()[0] for command in COMMANDS)


def of_plugins(words: Sequence[str]) -> "list[CommandPlugin]":
    """The commands of plugins that a command line may mean; plugins are imported only where it can be one of theirs.

    Those of the project that the line names, else of the one around the current folder, else of what is installed.
    """
    asks_for_help = not words or words[0] in ("-h", "--help")
    if not asks_for_help and (words[0] in FIRST_WORDS or words[0].startswith("-")):
        return []
    from campflow.errors import ProjectError
    from campflow.hooks.manager import load_plugins
    from campflow.project import Project

    named = [after for word, after in pairwise(words) if word == "--project"]
    folder = (named or [os.environ.get("CAMPFLOW_PROJECT", "")])[-1]
    try:
        found = Project.open(Path(folder or ".")).plugins
    except ProjectError:
        found = load_plugins()
    return list(found.commands.values())


def campflow(
    version: Annotated[bool, typer.Option("--version", "-V", help="Say which version this is.", is_eager=True)] = False,
) -> None:
    """`campflow --version` alone is answered by `main`, before anything is imported."""
    if version:
        main(["--version"])
        raise typer.Exit
