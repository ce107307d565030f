"""OpenTelemetry: figures as its SDK sends them, over OTLP and HTTP. Totals are counters since the beginning."""

from collections.abc import Callable, Iterable, Sequence

from campflow.errors import PluginError
from campflow.hooks.contracts import Measurement, Sink
from campflow.measuring.measures import MEASURES
from campflow_metrics.settings import OtelSettings

try:
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.metrics import CallbackOptions, Observation
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import InMemoryMetricReader, MetricExportResult
    from opentelemetry.sdk.resources import Resource
except ModuleNotFoundError as error:
    _missing: str | None = str(error)
else:
    _missing = None


def make_otel(settings: OtelSettings) -> Sink:
    """Raises PluginError where the SDK is not installed."""
    if _missing is not None:
        raise PluginError(f'the sink `otel` needs its extra: pip install "campflow-metrics[otel]" ({_missing})')
    return OtelSink(settings)


class OtelSink:
    """Each figure is an instrument that is asked when figures are published, and answers with what was counted."""

    def __init__(self, settings: OtelSettings) -> None:
        self._endpoint = settings.endpoint
        self._exporter = OTLPMetricExporter(
            endpoint=settings.endpoint,
            headers={name: value.get_secret_value() for name, value in settings.headers.items()},
            timeout=settings.timeout,
        )
        self._reader = InMemoryMetricReader()
        provider = MeterProvider(
            [self._reader], resource=Resource.create({"service.name": "campflow"}), shutdown_on_exit=False
        )
        self._meter = provider.get_meter("campflow")
        self._known: set[str] = set()
        self._now: dict[str, list[Observation]] = {}

    def publish(self, measurements: Sequence[Measurement]) -> None:
        """Raises PluginError where the receiver does not take them."""
        self._now = {}
        for each in measurements:
            self._now.setdefault(each.name, []).append(Observation(each.value, dict(each.labels)))
        for name in self._now.keys() - self._known:
            self._declare(name)
        data = self._reader.get_metrics_data()
        if data is None or not measurements:
            return
        if self._exporter.export(data) is not MetricExportResult.SUCCESS:
            raise PluginError(f"{self._endpoint} does not take the figures: check [sinks.otel]")

    def _declare(self, name: str) -> None:
        measure = MEASURES.get(name)
        is_total = measure is not None and measure.kind == "total"
        make = self._meter.create_observable_counter if is_total else self._meter.create_observable_gauge
        make(
            f"campflow.{name}",
            [self._asked(name)],
            unit=f"{{{measure.unit}}}" if measure else "",
            description=measure.help if measure else "",
        )
        self._known.add(name)

    def _asked(self, name: str) -> Callable[[CallbackOptions], Iterable[Observation]]:
        return lambda options: self._now.get(name, ())
