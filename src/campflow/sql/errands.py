"""What is to be done outside: a row for each `notify`, `sync` and `do` of a stage that somebody enters."""

from collections.abc import Sequence

from sqlalchemy import Executable, FromClause, Text, insert, literal, null, select

from campflow.model.expressions import Constant
from campflow.model.flow import Do, Notify, Sync
from campflow.sql.conditions import Column, Scope, stored
from campflow.sql.dialects import JsonObject
from campflow.sql.rows import CAMPAIGN, Rows, errand_id


def plan_errand(
    r: Rows, action: Notify | Sync | Do, m: FromClause, contacts: FromClause, scope: Scope, which: Sequence[Column]
) -> Executable:
    """An errand for each of the moves `m`. `contacts` are the same moves with their contacts, as `scope` reads them."""
    given = [each for each in action.options if not isinstance(each.value, Constant)] if isinstance(action, Do) else []
    pairs = ((literal(each.name, Text()), stored(each.value, each.value.type, scope)) for each in given)
    values: dict[str, Column] = {
        "contact_id": m.c.contact_id,
        "campaign_id": CAMPAIGN,
        "journey_id": m.c.journey_id,
        "nth": m.c.nth,
        "errand_statement_id": errand_id(action.order),
        "given": JsonObject(*(part for pair in pairs for part in pair)) if given else null(),
        "at": m.c.at,
        "state": literal("ready", Text()),
    }
    query = select(*values.values()).select_from(contacts if given else m).where(*which)
    return insert(r.tables.errand).from_select(list(values), query)
