"""Figures as rows of a table, for reports beside everything else that is in that database."""

from collections.abc import Sequence

from sqlalchemy import JSON, Column, DateTime, Double, Index, MetaData, Table, Text, create_engine, insert
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from campflow.errors import PluginError
from campflow.hooks.contracts import Measurement
from campflow_metrics.settings import SqlSettings


class SqlSink:
    """Connects once a minute and lets go: the database may be away, and nobody waits for it."""

    def __init__(self, settings: SqlSettings) -> None:
        if settings.url is None:
            raise PluginError("[sinks.sql] needs `url` (CAMPFLOW_SINKS__SQL__URL)")
        try:
            self._engine = create_engine(settings.url.get_secret_value(), poolclass=NullPool)
        except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
            raise PluginError(f"[sinks.sql] `url` names no database that can be used here: {error}") from error
        self._table = Table(
            settings.table,
            MetaData(),
            Column("at", DateTime(timezone=True), nullable=False),
            Column("name", Text, nullable=False),
            Column("labels", JSON, nullable=False),
            Column("value", Double, nullable=False),
            Index(f"{settings.table}_at", "name", "at"),
        )
        self._is_made = False

    def publish(self, measurements: Sequence[Measurement]) -> None:
        """All of them or none. Raises PluginError."""
        if not measurements:
            return
        rows = [
            {"at": each.at, "name": each.name, "labels": dict(each.labels), "value": each.value}
            for each in measurements
        ]
        try:
            with self._engine.begin() as connection:
                if not self._is_made:
                    self._table.create(connection, checkfirst=True)
                connection.execute(insert(self._table), rows)
            self._is_made = True
        except SQLAlchemyError as error:
            reason = str(error.__cause__ or error).strip().partition("\n")[0]
            raise PluginError(f"the figures cannot be written to `{self._table.name}`: {reason}") from error
