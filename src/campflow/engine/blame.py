"""A plugin's function that fails in the database: said by its name and its campaign's, with what to do about it."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError

from campflow.errors import FunctionError
from campflow.model.flow import Campaign
from campflow.planning.planner import functions
from campflow.storage.database import is_refused, words_of


@contextmanager
def functions_blamed(text: Campaign, version: int, kept: int | None) -> Iterator[None]:
    """Raises FunctionError where the database refuses a statement of this text and it uses functions of plugins: what
    campflow writes by itself it does not refuse.

    `version` is the id of the text; `kept` its number, where people only go on with it.
    """
    try:
        yield
    except DBAPIError as error:
        names = sorted({function.name for function in functions(text)})
        if not names or not is_refused(error):
            raise
        which = "the function" if len(names) == 1 else "one of the functions"
        user = (
            f"campaign `{text.name}`" if kept is None else f"version {kept} of campaign `{text.name}`, which is kept,"
        )
        remedy = "" if kept is None else ", or let a text take over who is inside under it: `edits reach everyone`"
        raise FunctionError(
            f"{which} {', '.join(f'`{name}`' for name in names)}, which {user} uses, fails in the "
            f"database ({words_of(error)}): mend its SQL; `campflow plugins` says which plugin has it{remedy}",
            text.name,
            version,
        ) from error
