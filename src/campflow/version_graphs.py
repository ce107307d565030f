"""The graph of every version that anybody ever lived in: what `campflow doctor` holds the moves against."""

from collections.abc import Iterator, Mapping

from campflow.engine.doctor import Graph
from campflow.engine.versions import Version
from campflow.in_force import history, readable_as
from campflow.model.durations import parse_duration
from campflow.model.flow import Send
from campflow.planning.carrying import carries
from campflow.planning.plan import CampaignPlan
from campflow.planning.planner import plan
from campflow.project import Project


def version_graphs(project: Project) -> tuple[dict[int, Graph], tuple[Version, ...]]:
    """The graphs by version, and the versions that cannot be read any more beside today's contact type and events."""
    found: dict[int, Graph] = {}
    unreadable: list[Version] = []
    for version in history(project, None):
        if version.withdrawn:
            continue
        among = readable_as(project, version)
        if among is None:
            unreadable.append(version)
            continue
        settings = project.settings
        whole = plan(among.flow, zone=settings.timezone, expires=parse_duration(settings.expires))
        found[version.version_id] = graph(next(each for each in whole.campaigns if each.name == version.campaign))
    return found, tuple(unreadable)


def graph(campaign: CampaignPlan) -> Graph:
    """What this text allows and demands."""
    return Graph(frozenset(_edges(campaign)), _sends(campaign), _renamed(campaign))


def _edges(campaign: CampaignPlan) -> Iterator[tuple[int, str | None, str | None]]:
    for entry in campaign.entries:
        yield entry.statement.order, None, campaign.first_stage.name
        if campaign.holdout is not None:
            yield entry.statement.order, None, None
    for stage in campaign.stages:
        for exit in stage.exits:
            yield exit.statement.order, stage.name, exit.target
    for carry in carries(campaign.campaign):
        yield carry.statement.order, carry.old, carry.new


def _sends(campaign: CampaignPlan) -> Mapping[str, frozenset[tuple[str, str, int]]]:
    return {
        stage.name: frozenset(
            (action.channel, action.message, action.nth)
            for action in (each.action for each in stage.actions if each.arm is None)
            if isinstance(action, Send) and not action.post
        )
        for stage in campaign.stages
    }


def _renamed(campaign: CampaignPlan) -> frozenset[tuple[str, str]]:
    return frozenset((carry.old, carry.new) for carry in carries(campaign.campaign))
