"""Migrated users look at their history as the app lets them, through the Data API's role and its policies."""

from collections.abc import Callable

import pytest

from etl_assets.access.postgres.connection import connect, reading
from etl_assets.core.verify import as_users as end_users
from etl_assets.core.verify.as_users import Sight, see_as_users
from etl_assets_tests.world import World

pytestmark = pytest.mark.usefixtures("without_dagster")


@pytest.fixture
def look(migrated: World, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Sight]:
    """The awkward app after its first wave; what its users see after a change of the target."""
    monkeypatch.setattr(end_users, "BUDGET_S", 60)
    links = migrated.links()
    [(wave,)] = migrated.query("SELECT wave FROM etl.waves")

    def look_after(change: str = "") -> Sight:
        with connect(migrated.url) as connection:
            if change:
                connection.execute(change.encode())
            with reading(connection):
                found = see_as_users(connection, links, wave=wave)
                assert connection.execute("SELECT current_user, current_setting('row_security')").fetchone() == (
                    "postgres",
                    "off",
                )
        return found

    return look_after


def test_every_migrated_user_sees_exactly_her_rows_and_sums(migrated: World, look: Callable[..., Sight]) -> None:
    assert look() == Sight(2, [], [])
    # Native rows of hers and of others change nothing: she sees hers, and not theirs.
    native = "INSERT INTO public.jobs (user_id, job_type, status) SELECT id, 'n', 'n' FROM public.profiles"
    assert look(native) == Sight(2, [], [])
    # A policy that hides a part of hers, of the table that says whose the others are.
    assert look('DROP POLICY "own jobs" ON public.jobs') == Sight(
        2,
        [
            "1: public.jobs 0 of 2 rows",
            "1: public.artifacts 0 of 1 row",
            "2: public.jobs 0 of 2 rows",
        ],
        [],
    )
    # A policy that shows everything to everybody.
    found = look(
        "CREATE POLICY open ON public.credit_transactions FOR SELECT TO PUBLIC USING (true);"
        'CREATE POLICY "own jobs" ON public.jobs FOR SELECT TO authenticated USING (user_id = auth.uid())'
    )
    assert found.differing == [
        "1: public.credit_transactions 2 of 2 rows, and 1 of others",
        "2: public.credit_transactions 1 of 1 row, and 2 of others",
    ]
    # A policy that fails, a table that the Data API does not show, a role that may not look.
    broken = look(
        "DROP POLICY open ON public.credit_transactions;"
        "CREATE POLICY broken ON public.credit_transactions FOR SELECT TO PUBLIC USING (1 / (amount - amount) = 1)"
    )
    assert broken.differing == ["1: DivisionByZero", "2: DivisionByZero"]
    closed = look(
        "DROP POLICY broken ON public.credit_transactions; REVOKE SELECT ON public.credit_transactions FROM authenticated"
    )
    assert closed == Sight(2, [], ["public.credit_transactions"])
