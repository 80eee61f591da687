"""A run as a terminal shows it: a line per asset and per check that has something to say."""

import logging
import sys
import time
from typing import Any

import dagster as dg


class ProgressHandler(logging.Handler):
    """Prints what finished, how many rows and how long it took; warnings and our own messages as they come."""

    def __init__(self) -> None:
        """Starts the clock."""
        super().__init__(level=logging.DEBUG)
        self._started: dict[str, float] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """One log record of a run, which may carry a Dagster event."""
        event = getattr(record, "dagster_event", None)
        if event is None:
            if record.levelno >= logging.INFO and "Not executing" not in record.getMessage():
                meta: dict[str, Any] = getattr(record, "dagster_meta", {})
                mark = "!" if record.levelno >= logging.WARNING else " "
                _say(f"  {mark} {meta.get('orig_message', record.getMessage())}")
        elif event.event_type_value == "STEP_START":
            self._started[event.step_key or ""] = time.monotonic()
        elif event.event_type_value == "ASSET_MATERIALIZATION":
            self._materialized(event)
        elif event.event_type_value == "ASSET_CHECK_EVALUATION":
            _checked(event.event_specific_data)

    def _materialized(self, event: Any) -> None:
        materialization = event.step_materialization_data.materialization
        metadata = {name: value.value for name, value in materialization.metadata.items()}
        parts = [
            f"{metadata[name]:,} {word}"
            for name, word in (
                ("dagster/row_count", "rows"),
                ("rows_loaded", "rows loaded"),
                ("rows_compared", "rows compared"),
                ("users", "users"),
                ("quarantined", "quarantined"),
                ("excluded", "excluded"),
            )
            if isinstance(metadata.get(name), int) and (metadata[name] or name not in ("quarantined", "excluded"))
        ]
        took = time.monotonic() - self._started.get(event.step_key or "", time.monotonic())
        name = materialization.asset_key.to_user_string()
        _say(f"  \u2713 {name:<34} {took:6.1f} s  {', '.join(parts)}".rstrip())


def _checked(evaluation: Any) -> None:
    if evaluation.passed:
        return
    mark = "\u2717" if evaluation.severity == dg.AssetCheckSeverity.ERROR else "!"
    asset = evaluation.asset_key.to_user_string()
    _say(f"    {mark} {evaluation.check_name} of {asset}: {evaluation.description or 'failed'}")


def report_problem(step: str, sentence: str | None) -> None:
    """Prints why a step failed."""
    _say(f"  \u2717 {step}: {sentence or 'failed'}")


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def _make_logger(_: dg.InitLoggerContext) -> logging.Logger:
    logger = logging.Logger("etl_assets.progress", level=logging.DEBUG)
    logger.addHandler(ProgressHandler())
    return logger


# The logger that the command line runs with: a line per asset on standard error, quiet about Dagster's own business.
progress_logger = dg.LoggerDefinition(_make_logger, description="A line per asset, on standard error.")
