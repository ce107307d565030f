"""`campflow lsp`: what editors start."""

from importlib.util import find_spec
from typing import Annotated

import typer

from campflow.errors import ProjectError


def lsp(
    stdio: Annotated[
        bool, typer.Option("--stdio", help="The only way there is; accepted because many editors say it.")
    ] = True,
) -> None:
    """Serve an editor over stdin and stdout by the language server protocol. Editors start this by themselves."""
    if find_spec("pygls") is None:
        raise ProjectError(
            "the language server is not installed: `pip install 'campflow[editor]'` in the environment that the "
            "editor starts campflow from"
        )
    from campflow.editor.server import serve

    serve()
