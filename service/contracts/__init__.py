"""What holds for every detector: a suite to import and to run against one's own."""

import pytest

pytest.register_assert_rewrite("service.contracts.detectors")
