"""Production that was emptied, or restored from an older backup: red, and an operator's word brings the rows back."""

import json

import pytest

from etl_assets_tests.world import World

pytestmark = pytest.mark.usefixtures("without_dagster")


def test_a_truncated_table_is_red_and_its_rows_come_back_on_an_operators_word(migrated: World) -> None:
    migrated.execute("TRUNCATE public.jobs CASCADE")
    told = json.loads(migrated.cli("user", "1", "--json").stdout)
    assert told["loaded"]["jobs"] == 0
    assert told["gone"]["jobs"] == 1
    assert migrated.migrate().exit_code == 1
    assert migrated.cli("reload", "--gone").returncode == 0
    assert migrated.migrate().exit_code == 0
    assert migrated.query("SELECT count(*) FROM public.jobs") == [(2,)]
    assert migrated.query("SELECT count(*) FROM public.artifacts") == [(1,)]


def test_what_users_removed_is_not_brought_back(migrated: World) -> None:
    migrated.execute("DELETE FROM public.jobs")
    assert migrated.migrate().exit_code == 0
    refused = migrated.cli("reload", "--gone")
    assert refused.returncode == 2
    assert "nothing to reload" in refused.stderr
    assert migrated.query("SELECT count(*) FROM public.jobs") == [(0,)]


def test_the_cleanup_is_a_command_too(migrated: World) -> None:
    done = migrated.cli("cleanup")
    assert done.returncode == 0
    assert "3 staging tables" in done.stderr
    assert migrated.query("SELECT to_regclass('etl.stg_jobs') IS NULL") == [(True,)]
    assert migrated.cli("status").returncode == 0
