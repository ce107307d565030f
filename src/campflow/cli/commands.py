"""All commands, in the order in which a newcomer needs them. Each imports what it runs only when it is called.

A command line asks for one of them. To import the others and to work out their options took longer than most checks.
"""

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Annotated

import typer

from campflow.cli.main import main

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
    "tick": "operating.tick",
    "status": "desk.status",
    "explain": "desk.explain",
    "outbox": "desk.outbox",
    "errands": "errands.errands",
    "plugins": "operating.plugins",
}

#: What commands of two words are about.
GROUPS: Mapping[str, str] = {"people": "Who there is.", "events": "What they do."}


def app_for(words: Sequence[str] = ()) -> typer.Typer:
    """The application for a command line: the command that it begins with, or all where it begins with none."""
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
    return app


def campflow(
    version: Annotated[bool, typer.Option("--version", "-V", help="Say which version this is.", is_eager=True)] = False,
) -> None:
    """`campflow --version` alone is answered by `main`, before anything is imported."""
    if version:
        main(["--version"])
        raise typer.Exit
