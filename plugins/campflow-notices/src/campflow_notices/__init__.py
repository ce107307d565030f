"""Notes to a team: Slack, Microsoft Teams, and a signed webhook for everything else; figures to a signed webhook."""

from campflow.hooks.contracts import SinkPlugin
from campflow.hooks.specs import hookimpl
from campflow_notices.settings import SlackSettings, TeamsSettings, WebhookSettings
from campflow_notices.sinks import make_figures, make_slack, make_teams, make_webhook

CAMPFLOW_API = (1, 0)

SLACK = SinkPlugin("slack", SlackSettings, texts=make_slack)
TEAMS = SinkPlugin("teams", TeamsSettings, texts=make_teams)
WEBHOOK = SinkPlugin("webhook", WebhookSettings, texts=make_webhook)
FIGURES_WEBHOOK = SinkPlugin("figures_webhook", WebhookSettings, figures=make_figures)


@hookimpl
def campflow_sinks() -> tuple[SinkPlugin, ...]:
    return (SLACK, TEAMS, WEBHOOK, FIGURES_WEBHOOK)
