"""The command that does what an executor's daemon asks for: worker."""

from typing import TYPE_CHECKING, Annotated

import typer

from campflow.cli.options import DatabaseUrl, ProjectFolder, open_project

if TYPE_CHECKING:
    from campflow.project import Project


def worker(
    queues: Annotated[
        str | None,
        typer.Option(metavar="QUEUE,…", help="Work from these only: tick, errands, send.CHANNEL. Default: all."),
    ] = None,
    processes: Annotated[int, typer.Option(metavar="N", min=1, help="How many work side by side.")] = 1,
    project: ProjectFolder = None,
    database: DatabaseUrl = None,
) -> None:
    """Do the work that `campflow run` asks others for, until Ctrl-C or SIGTERM: see `executor` in campflow.toml."""
    from campflow.cli.operating import logger
    from campflow.engine.worker import RuntimeWorker
    from campflow.errors import ProjectError
    from campflow.hooks.contracts import Shop
    from campflow.people.cycles import settle_in
    from campflow.project import Project
    from campflow.running import open_in_force

    opened = open_project(project, database)
    chosen = opened.executor()
    if chosen is None:
        raise ProjectError('campflow.toml says executor = "local": `campflow run` does the work itself')
    names, log = _queues(opened, queues), logger()

    def hire() -> RuntimeWorker:
        settle_in()
        return RuntimeWorker(lambda: open_in_force(Project(opened.root, opened.settings, opened.plugins)), log)

    plugin, settings = chosen
    log.info("working", queues=",".join(names), processes=processes)
    plugin.serve(settings, Shop(names, processes, hire, log))
    log.info("stopped")


def _queues(opened: "Project", written: str | None) -> list[str]:
    """Raises BadParameter for a queue that there is not."""
    from campflow.diagnostics.diagnostic import did_you_mean
    from campflow.hooks.contracts import Work

    known = [each.queue for each in (Work("tick"), Work("errands"))]
    known += [Work("send", (name,)).queue for name in opened.plugins.channels]
    if written is None:
        return known
    named = [name.strip() for name in written.split(",") if name.strip()]
    for name in named:
        if name not in known:
            hint = did_you_mean(name, known) or f"there are {', '.join(known)}"
            raise typer.BadParameter(f"there is no queue `{name}`: {hint}", param_hint="--queues")
    if not named:
        raise typer.BadParameter(f"name one or more of {', '.join(known)}", param_hint="--queues")
    return named
