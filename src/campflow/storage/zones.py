"""Time zones in the database, so that local times are computed in SQL and no Python runs per row."""

from collections.abc import Iterable

from sqlalchemy import Connection, insert, select

from campflow.model.calendar import local_offsets, offsets
from campflow.storage.tables import Tables


def ensure_zones(connection: Connection, tables: Tables, names: Iterable[str]) -> None:
    """Fill `zone_offset` and `zone_local` for those of these IANA zones that are not there yet.

    Raises CampflowError for a name that is no zone; nothing is written then.
    """
    wanted, there = set(names), tables.zone_offset.c.zone
    new = sorted(wanted - set(connection.scalars(select(there).where(there.in_(wanted)).distinct())))
    from_instant = [
        {"zone": zone, "from_at": row.from_at, "offset": row.offset} for zone in new for row in offsets(zone)
    ]
    from_local = [
        {"zone": zone, "from_local": row.from_local, "offset": row.offset, "gap_at": row.gap_at}
        for zone in new
        for row in local_offsets(zone)
    ]
    if new:
        connection.execute(insert(tables.zone_offset), from_instant)
        connection.execute(insert(tables.zone_local), from_local)
