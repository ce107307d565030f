"""Figures to StatsD, OpenTelemetry, and tables."""

from pydantic import BaseModel

from campflow.hooks.contracts import ChannelContext, Sink, SinkPlugin
from campflow.hooks.specs import hookimpl
from campflow_metrics.settings import OtelSettings, SqlSettings, StatsdSettings

CAMPFLOW_API = (1, 0)


# What speaks to the outside is imported where somebody wants it.


def _statsd(settings: BaseModel, context: ChannelContext) -> Sink:
    from campflow_metrics.statsd import StatsdSink

    return StatsdSink(StatsdSettings.model_validate(settings))


def _otel(settings: BaseModel, context: ChannelContext) -> Sink:
    from campflow_metrics.otel import make_otel

    return make_otel(OtelSettings.model_validate(settings))


def _sql(settings: BaseModel, context: ChannelContext) -> Sink:
    from campflow_metrics.sql import SqlSink

    return SqlSink(SqlSettings.model_validate(settings))


STATSD = SinkPlugin("statsd", StatsdSettings, figures=_statsd)
OTEL = SinkPlugin("otel", OtelSettings, figures=_otel)
SQL = SinkPlugin("sql", SqlSettings, figures=_sql)


@hookimpl
def campflow_sinks() -> tuple[SinkPlugin, ...]:
    return (STATSD, OTEL, SQL)
