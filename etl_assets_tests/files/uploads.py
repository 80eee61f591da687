"""A legacy app whose jobs name files."""

import os
from pathlib import Path

from etl_assets_tests.world import AT, World

BIG = os.urandom(1 << 20) * 12  # three parts


FILES = "SELECT legacy_id, state FROM etl.files ORDER BY legacy_id::int"


NAMED = (
    "SELECT j.result_file FROM public.jobs AS j JOIN etl.loaded AS l ON l.new_id = j.id::text WHERE l.legacy_id = '1'"
)


def with_files(world: World, source: str, *, more: str = "") -> None:
    here = world.folder / "results"
    to = here if here.exists() else "s3://results"
    world.write_spec(
        ("tables:\n", f'files:\n  results: {{from: "{source}", to: "{to}", strip: /var/www/app/}}\ntables:\n'),
        ("      result_file: text\n", f"      result_file: {{type: text, file: results{more}}}\n"),
    )


def jobs(world: World, *named: tuple[int, int, str | None]) -> None:
    values = ", ".join(
        f"({number}, {user}, 'x', 'done', '{AT}', {'NULL' if path is None else repr(path)})"
        for number, user, path in named
    )
    world.legacy(f"INSERT INTO jobs (id, user_id, job_type, status, created_at, result_file) VALUES {values}")


def held(world: World, incomplete: str) -> None:
    before = "  incomplete_users: hold"
    world.write_spec((before, f"  incomplete_users: {incomplete}"), base=world.folder / "changed.yaml")


def follow(world: World) -> None:
    world.write_spec(("policy:\n", "policy:\n  on_change: update\n"), base=world.folder / "changed.yaml")


def touch(path: Path, content: bytes) -> None:
    before = path.stat().st_mtime_ns
    path.write_bytes(content)
    os.utime(path, ns=(before + 10**9, before + 10**9))
