"""`python -m campflow` is `campflow`."""

from campflow.cli.main import main

main()
