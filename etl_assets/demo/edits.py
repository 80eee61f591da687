"""The demo's legacy app goes on writing after the first wave, and so does the new one."""

from pathlib import Path

from etl_assets.access.legacy.database import write_to_database
from etl_assets.demo.target_accounts import edit_job, find_jobs
from etl_assets.model.errors import SettingsError

COPY = (
    "INSERT INTO jobs (user_id, job_type, status, created_at) SELECT user_id, job_type, 'queued', created_at "
    "FROM jobs WHERE id = ?"
)


def edit(path: Path, target_url: str) -> list[str]:
    """One user's jobs: two are changed in the legacy app, one of them in the new app too, and one is new.

    Returns:
        What happened, a sentence each.

    Raises:
        SettingsError: nothing has arrived yet that could be changed.
    """
    jobs = find_jobs(target_url)
    if len(jobs) < 2:
        raise SettingsError("nothing has arrived yet that could be changed: run `etl-assets migrate --demo` first")
    (first, _), (second, new_id) = jobs[:2]
    rename = "UPDATE jobs SET status = 'reviewed', updated_at = '2026-01-02 03:04:05' WHERE id = ?"
    write_to_database(path, [(rename, (first,)), (rename, (second,)), (COPY, (first,))])
    edit_job(target_url, new_id)
    return [
        f"The legacy app changed its jobs {first} and {second}, and has a new one of the same user.",
        f"In the new app the user has archived what was job {second}.",
    ]
