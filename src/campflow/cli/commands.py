"""All commands, in the order in which a newcomer needs them. Each imports what it runs only when it is called."""

from typing import Annotated

import typer

from campflow.cli import (
    authoring,
    changing,
    desk,
    differing,
    drawing,
    editor,
    errands,
    formatting,
    importing,
    operating,
    person,
    simulating,
    testing,
)
from campflow.cli.main import main

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Campaigns as code: write a campaign in a text file, check it, run it.",
)
people = typer.Typer(no_args_is_help=True, help="Who there is.")
events = typer.Typer(no_args_is_help=True, help="What they do.")


@app.callback()
def campflow(
    version: Annotated[bool, typer.Option("--version", "-V", help="Say which version this is.", is_eager=True)] = False,
) -> None:
    """`campflow --version` alone is answered by `main`, before anything is imported."""
    if version:
        main(["--version"])
        raise typer.Exit


app.command("init")(authoring.init)
app.command("check")(authoring.check)
app.command("fmt")(formatting.fmt)
app.command("test")(testing.run_tests)
app.command("compile")(authoring.compile_file)
app.command("diff")(differing.diff)
app.command("graph")(drawing.graph)
app.command("simulate")(simulating.simulate)
app.command("lsp")(editor.lsp)
people.command("import")(importing.import_people)
people.command("show")(person.show)
people.command("consent")(person.consent)
people.command("suppress")(person.suppress)
people.command("forget")(person.forget)
people.command("export")(person.export)
events.command("import")(importing.import_events)
app.add_typer(people, name="people")
app.add_typer(events, name="events")
app.command("plan")(changing.plan)
app.command("apply")(changing.apply)
app.command("rollback")(changing.rollback)
app.command("versions")(changing.versions)
app.command("run")(operating.run)
app.command("tick")(operating.tick)
app.command("status")(desk.status)
app.command("explain")(desk.explain)
app.command("outbox")(desk.outbox)
app.command("errands")(errands.errands)
app.command("plugins")(operating.plugins)
