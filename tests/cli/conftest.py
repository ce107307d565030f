"""Folders in which the command line is tried."""

from pathlib import Path

import pytest
from tests.cli.terminal import Terminal, stand_still

from campflow.cli.starter import write_project


@pytest.fixture
def campflow(tmp_path: Path) -> Terminal:
    """In an empty folder."""
    return Terminal(tmp_path)


@pytest.fixture
def project(campflow: Terminal) -> Terminal:
    """In a project as `init` makes it."""
    write_project(campflow.folder)
    return campflow


@pytest.fixture
def still(campflow: Terminal) -> Terminal:
    """In such a project with a manual clock, whose campaign runs from 2026-03-01 on."""
    return stand_still(campflow)
