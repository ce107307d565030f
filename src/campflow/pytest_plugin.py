"""The pytest plugin that comes with campflow: failures in the contract suites show what differed.

It stands outside `campflow.testing`, which must not be imported before its asserts are known to pytest.
"""

import pytest

for _suite in ("actions", "audiences", "channels", "life", "sinks", "sources", "webhooks"):
    pytest.register_assert_rewrite(f"campflow.testing.{_suite}")
