"""What a new text does at once to the people who are inside: stages renamed, stages that are gone."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from sqlalchemy import Connection, func, select

from campflow.engine.rounds import last_move
from campflow.planning.carrying import carries
from campflow.planning.plan import CampaignPlan
from campflow.sql.program import CampaignProgram
from campflow.sql.workspace import set_up
from campflow.storage.tables import Tables


def stranded(
    connection: Connection, tables: Tables, plan: CampaignPlan, campaign_id: int, governs: tuple[int, int]
) -> Iterator[tuple[str, int]]:
    """The stages with people in them that the text does not have, and that no `moved` line leads away from."""
    j, s = tables.journey, tables.stage
    names = [*(stage.name for stage in plan.stages), *(each.old for each in carries(plan.campaign))]
    query = (
        select(s.c.name, func.count())
        .join(j, j.c.stage_id == s.c.stage_id)
        .where(
            s.c.campaign_id == campaign_id,
            s.c.name.not_in(names),
            j.c.ended_at.is_(None),
            j.c.version_id.between(*governs),
        )
        .group_by(s.c.name)
        .order_by(s.c.name)
    )
    yield from connection.execute(query)


def carry(connection: Connection, program: CampaignProgram, parameters: Mapping[str, int]) -> None:
    """Do what the `moved` lines say. Who comes to a final stage by them has moved there; nobody else has moved."""
    if not program.carry:
        return
    set_up(connection)
    connection.exec_driver_sql("DELETE FROM touched")
    mark = last_move(connection)
    last_message = connection.exec_driver_sql("SELECT coalesce(max(message_id), 0) FROM message").scalar_one()
    last_run = connection.exec_driver_sql("SELECT coalesce(max(run_id), 0) FROM due_run").scalar_one()
    given = {**parameters, "mark": mark, "entry_mark": mark, "message_mark": last_message, "run_mark": last_run}
    for statement in program.carry:
        connection.exec_driver_sql(statement.sql, {**given, **statement.constants})
    if last_move(connection) > mark:
        for statement in program.follow:
            connection.exec_driver_sql(statement.sql, {**given, **statement.constants})


def without_entries(program: CampaignProgram) -> CampaignProgram:
    """The program of a kept text: nobody enters by it."""
    return replace(
        program, fresh_by_event=(), fresh_by_change=None, fresh_by_contact=None, fresh_by_time=None, fresh_again=None,
        arrive=(), await_=(),
    )  # fmt: skip
