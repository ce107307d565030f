"""Folders in which the command is tried."""

import re
from pathlib import Path

import pytest
from tests.journeys.command import Campflow

from campflow.cli.starter import write_project


@pytest.fixture
def campflow(tmp_path: Path) -> Campflow:
    """In an empty folder."""
    return Campflow(tmp_path)


@pytest.fixture
def project(campflow: Campflow) -> Campflow:
    """In a project as `init` makes it."""
    write_project(campflow.folder)
    return campflow


@pytest.fixture
def still(project: Campflow) -> Campflow:
    """In such a project with a manual clock, whose campaign runs from 2026-03-01 on."""
    toml = (project.folder / "campflow.toml").read_text("utf-8")
    project.write("campflow.toml", 'clock = "manual"\n' + toml)
    flow = (project.folder / "welcome.flow").read_text("utf-8")
    project.write("welcome.flow", re.sub(r"from \d{4}-\d\d-\d\d", "from 2026-03-01", flow))
    return project
