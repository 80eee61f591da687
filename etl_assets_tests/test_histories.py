"""Random histories: after each step the books close, and nothing is lost, doubled, misowned, overwritten or back again."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from etl_assets.settings import Settings
from etl_assets_tests.histories import Histories


@pytest.mark.timeout(600)
@pytest.mark.usefixtures("without_dagster")  # the campaign `histories` runs longer ones with it
def test_histories(server: Settings) -> None:
    Histories.server = server
    few = settings(
        max_examples=3,
        stateful_step_count=12,
        deadline=timedelta(minutes=2),
        suppress_health_check=list(HealthCheck),
        derandomize=True,
        database=None,
    )
    run_state_machine_as_test(Histories, settings=few)
