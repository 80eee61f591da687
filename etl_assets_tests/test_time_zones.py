"""The zones of the operator's machine and of the server say nothing: every byte is the same (reliability.md, fault 52)."""

import hashlib
import os
from pathlib import Path

from etl_assets.settings import Settings
from etl_assets_tests import forks
from etl_assets_tests.world import World
from etl_assets_tests.worlds import a_world

ZONES = ("UTC", "America/New_York")
# In New York some of these moments exist twice, and some not at all.
TIMES = (
    "2024-03-10 02:30:00", "2024-11-03 01:30:00", "2024-11-03T01:30:00-05:00", "2024-11-03T05:30:00Z",
    "1883-11-18 12:03:58", "2024-07-01", "2024-12-31 23:59:59.999999", "0001-01-01 00:00:00",
)  # fmt: skip


def migrated(world: World, zone: str) -> dict[str, str]:
    """Digests of all that a migration wrote while the machine and the server were in a zone."""
    rows = ", ".join(f"({number}, 1, 'x', 'done', '{time}')" for number, time in enumerate(TIMES, 1))
    world.legacy(
        "INSERT INTO users VALUES (1, 'ann@example.com', NULL, '2024-03-10 02:30:00');"
        f"INSERT INTO jobs (id, user_id, job_type, status, created_at) VALUES {rows}, (99, 2, 'x', 'done', '24:61');"
    )
    world.sign_up("ann@example.com", id="00000000-0000-4000-8000-000000000001")
    database = world.url.partition("@/")[2].partition("?")[0]
    world.execute(
        f"ALTER DATABASE {database} SET timezone = '{zone}'; ALTER DATABASE {database} SET datestyle = 'SQL, DMY'"
    )
    said = world.folder / "said"
    assert forks.warm().run("core", environment={**os.environ, "TZ": zone, "PGTZ": zone}, output=said) == 0
    exports = world.folder.glob("artifacts/snapshots/*/exports/*.csv")
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in exports}
    world.execute(f"ALTER DATABASE {database} RESET ALL")
    # The wave and the moment of loading are the clock's.
    wanted = {
        "production": "SELECT string_agg(to_jsonb(j)::text, ',' ORDER BY id) FROM public.jobs AS j",
        "ledger": "SELECT string_agg(concat_ws('/', \"table\", legacy_id, new_id, digest), ',' ORDER BY new_id) FROM etl.loaded",
        "staging": "SELECT string_agg((to_jsonb(j) - '_snapshot')::text, ',' ORDER BY _legacy_id) FROM etl.stg_jobs AS j",
        "map": "SELECT string_agg(concat_ws('/', legacy_user_id, email, state, supabase_user_id), ',') FROM etl.legacy_user_map",
    }
    return found | {name: str(world.query(query)) for name, query in wanted.items()}


def test_the_zones_of_machine_and_server_change_no_byte(server: Settings, tmp_path: Path) -> None:
    found = []
    for zone in ZONES:
        folder = tmp_path / zone.replace("/", "-")
        folder.mkdir()
        with a_world(server, folder) as world:
            found.append(migrated(world, zone))
            assert world.query("SELECT count(*) FROM public.jobs") == [(len(TIMES),)]
    assert found[0] == found[1]
    assert "jobs.csv" in found[0]
