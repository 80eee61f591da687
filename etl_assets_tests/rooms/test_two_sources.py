"""Two legacy tables into one: every row once, each known to the ledger."""

import pytest

from etl_assets.model.errors import SpecError
from etl_assets_tests.world import AT, World

pytestmark = pytest.mark.usefixtures("without_dagster")

ARCHIVE = """
  jobs_archive:
    source: {source}
    target: public.jobs
    owner: user_id
    columns: {{job_type: text, status: text, created_at: timestamptz}}
"""


def test_a_table_and_its_archive_arrive_in_one(world: World) -> None:
    world.legacy(
        f"CREATE TABLE jobs_archive AS SELECT * FROM jobs; CREATE UNIQUE INDEX a ON jobs_archive (id);"
        f"INSERT INTO users VALUES (1, 'ann@example.com', NULL, '{AT}');"
        f"INSERT INTO jobs VALUES (1, 1, 'new', 'done', '{AT}', NULL, NULL, NULL, NULL);"
        f"INSERT INTO jobs_archive SELECT 1, 1, 'old', 'done', '{AT}', NULL, NULL, NULL, NULL"
    )
    world.write_spec(
        (
            "  credit_transactions:\n",
            ARCHIVE.format(source="jobs_archive\n    key: [id]") + "\n  credit_transactions:\n",
        )
    )
    world.sign_up("ann@example.com")
    for _ in range(2):
        outcome = world.migrate()
        assert outcome.exit_code == 0
        assert outcome.books.closed
        assert world.query("SELECT job_type FROM public.jobs ORDER BY 1") == [("new",), ("old",)]
    assert world.cli("undo", "--wave", "last").returncode == 0
    assert world.query("SELECT count(*) FROM public.jobs") == [(0,)]


def test_one_table_twice_is_refused(world: World) -> None:
    with pytest.raises(SpecError, match="arrive twice"):
        world.write_spec(("  credit_transactions:\n", ARCHIVE.format(source="JOBS") + "\n  credit_transactions:\n"))
