"""Sinks, destinations and actions: what errands are done with, and what of it this process has opened."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import BaseModel

from campflow.engine.channels import Opened, maker, makers
from campflow.hooks.contracts import (
    Action,
    ActionPlugin,
    AudiencePlugin,
    ChannelContext,
    Destination,
    Sender,
    SinkPlugin,
    TextSink,
)

#: Of a project that has nothing to open.
_NOWHERE = ChannelContext("", Sender())


@dataclass(frozen=True, slots=True)
class Outside:
    """What errands are done with: plugins by name, their checked settings, and the destinations of each audience."""

    sinks: Mapping[str, SinkPlugin] = field(default_factory=dict)
    destinations: Mapping[str, AudiencePlugin] = field(default_factory=dict)
    actions: Mapping[str, ActionPlugin] = field(default_factory=dict)
    sink_settings: Mapping[str, BaseModel] = field(default_factory=dict)
    destination_settings: Mapping[str, BaseModel] = field(default_factory=dict)
    action_settings: Mapping[str, BaseModel] = field(default_factory=dict)
    audiences: Mapping[str, Sequence[str]] = field(default_factory=dict)
    context: ChannelContext = _NOWHERE

    @property
    def without_keys(self) -> list[str]:
        """The actions that may not be offered a task twice."""
        return [name for name, plugin in self.actions.items() if plugin.idempotency == "none"]


class Doors:
    """The sinks, destinations and actions that this process has opened. Use as `async with`."""

    def __init__(self, outside: Outside) -> None:
        self.outside, context = outside, outside.context
        self.sinks: Opened[TextSink] = Opened({
            name: maker(plugin.texts, outside.sink_settings.get(name), plugin.settings, f"sinks.{name}", context)
            for name, plugin in outside.sinks.items() if plugin.texts is not None
        })  # fmt: skip
        self.destinations: Opened[Destination] = Opened(
            makers("destinations", outside.destinations, outside.destination_settings, context)
        )
        self.actions: Opened[Action] = Opened(makers("actions", outside.actions, outside.action_settings, context))

    async def __aenter__(self) -> "Doors":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.sinks.close()
        await self.destinations.close()
        await self.actions.close()
