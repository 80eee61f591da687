"""How assets and checks tell Dagster what came of them."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import dagster as dg

from etl_assets.core.gate.validation import Validation
from etl_assets.model.errors import EtlError, FileFault, Refused, sample_of
from etl_assets.model.spec_keys import pointed
from etl_assets.model.validation import Finding

MAX_RETRIES, RETRY_WAIT_S = 2, 5
DESK_URL = "ETL_DESK_URL"  # set by `etl-assets ui`; without the token


@contextmanager
def failures() -> Iterator[None]:
    """Turns our failures into Dagster's: data faults are final, connection faults are tried again.

    A `RetryPolicy` would try everything again, defects of ours included. The original exception is dropped on
    purpose: a driver's exception carries the customer's values, and Dagster would store it.
    """
    try:
        yield
    except EtlError as error:
        tries = dg.OpExecutionContext.get().retry_number
        if error.transient and tries < MAX_RETRIES:
            raise dg.RetryRequested(MAX_RETRIES, seconds_to_wait=RETRY_WAIT_S * (tries + 1)) from None
        raise _final(error) from None
    except OSError as error:
        # polars and SQLite raise it without a number; no file name, which may be anybody's.
        raise _final(FileFault(error.strerror or str(error))) from None


def _final(error: EtlError) -> dg.Failure:
    metadata: dict[str, Any] = {"error": type(error).__name__, "exit_code": error.exit_code}
    if isinstance(error, Refused):
        metadata |= {"cause": f"{error.check} fails on {error.table} for {error.count:,}"}  # and no row's key
    return dg.Failure(str(error), metadata=metadata, allow_retries=False)


def check_spec(validation: Validation, key: dg.AssetKey) -> dg.AssetCheckSpec:
    """The check that shows a validation."""
    return dg.AssetCheckSpec(
        validation.name, asset=key, description=f"{validation.title} {validation.remedy}", blocking=validation.blocking
    )


def check_result(validation: Validation, key: dg.AssetKey, finding: Finding) -> dg.AssetCheckResult:
    """A validation's finding; the same keys each time, so that Dagster plots the count."""
    passed = finding.count <= validation.allowed or validation.is_news
    metadata: dict[str, Any] = {"count": finding.count, "query": dg.MetadataValue.md(f"```sql\n{finding.query}\n```")}
    if finding.sample:
        metadata["sample"] = sample_of(finding.sample)
    if finding.places:
        metadata["places"] = ", ".join(finding.places)
    return result(
        validation.name,
        key,
        passed=passed,
        blocking=validation.blocking,
        description=_words(validation, finding, passed=passed),
        metadata={**metadata, "remedy": validation.remedy},
    )


def without_finding(validation: Validation, key: dg.AssetKey, *, passed: bool, why: str) -> dg.AssetCheckResult:
    """Of a validation that nobody could ask."""
    return result(
        validation.name, key, passed=passed, blocking=validation.blocking, description=why, metadata={"count": 0}
    )


def _words(validation: Validation, finding: Finding, *, passed: bool) -> str:
    if validation.is_news and finding.count:
        return f"{finding.count:,} (of {validation.names} {sample_of(finding.sample)}). {validation.remedy}"
    return validation.title if passed else f"{_told(finding)}. {validation.remedy}"


def _told(finding: Finding) -> str:
    ids = f" ({sample_of(finding.sample)})" if finding.sample else ""
    places = f": {', '.join(finding.places)}" if finding.places else ""
    return f"{finding.count:,} found{ids}{places}"


def result(
    name: str,
    key: dg.AssetKey,
    *,
    passed: bool,
    blocking: bool,
    description: str,
    metadata: Mapping[str, Any],
) -> dg.AssetCheckResult:
    """A check's result; what blocks is an ERROR, because Dagster lets a blocking WARN through."""
    severity = dg.AssetCheckSeverity.ERROR if blocking else dg.AssetCheckSeverity.WARN
    if "remedy" in metadata:
        metadata = {**metadata, "remedy": pointed(metadata["remedy"])}
    return dg.AssetCheckResult(
        check_name=name, asset_key=key, passed=passed, severity=severity, description=description, metadata=metadata
    )


def desk_link(path: str) -> dict[str, Any]:
    """Where the support desk shows the same, for whoever has it open; nothing where none is served beside us."""
    base = os.environ.get(DESK_URL)
    return {"desk": dg.MetadataValue.url(f"{base}{path}")} if base else {}


def table_value(names: Sequence[str], records: Iterable[Sequence[Any]]) -> dg.TableMetadataValue:
    """A metadata table; Dagster cannot guess the columns of an empty one."""
    schema = dg.TableSchema(columns=[dg.TableColumn(name) for name in names])
    rows = [dg.TableRecord(dict(zip(names, record, strict=True))) for record in records]
    return dg.MetadataValue.table(rows, schema=schema)
