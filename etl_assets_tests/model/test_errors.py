import inspect

import pytest

from etl_assets.model import errors
from etl_assets.model.errors import EtlError, Refused, SpecError, TargetMismatch, sample_of

CLASSES = {name: cls for name, cls in inspect.getmembers(errors, inspect.isclass) if issubclass(cls, EtlError)}


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        ([], ""),
        (["17"], "17"),
        (list("abcde"), "a, b, c, d, e"),
        (list("abcdef"), "a, b, c, d, e, ..."),
        ([17, None], "17, None"),
    ],
)
def test_a_sample_shows_five_keys_and_says_when_there_are_more(keys: list[object], text: str) -> None:
    assert sample_of(keys) == text


def test_a_sample_can_be_smaller() -> None:
    assert sample_of(["a", "b", "c"], size=2) == "a, b, ..."


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (SpecError("is missing"), "spec: is missing"),
        (SpecError("is missing", file="m.yaml"), "m.yaml: is missing"),
        (SpecError("is missing", file="m.yaml", line=23), "m.yaml:23: is missing"),
        (SpecError("is missing", file="m.yaml", line=23, path="tables.a"), "m.yaml:23: tables.a: is missing"),
        (SpecError("is missing", file="m.yaml", path="tables.a"), "m.yaml: tables.a: is missing"),
    ],
)
def test_a_spec_error_says_file_line_path_and_problem(error: SpecError, text: str) -> None:
    assert str(error) == text


def test_a_mismatch_lists_every_problem_of_its_table() -> None:
    assert str(TargetMismatch("jobs", ["a is missing", "b is text"])) == (
        "2 problem(s) between the spec's table jobs and its target: a is missing; b is text. "
        "Change the spec or the target, then run again."
    )


def test_a_refusal_says_check_table_number_sample_and_remedy() -> None:
    refused = Refused("every_row_has_an_owner", table="jobs", count=1_200, sample=list("abcdef"), remedy="Wait.")
    assert str(refused) == (
        "Load refused: every_row_has_an_owner fails on jobs for 1,200 (legacy ids a, b, c, d, e, ...). Wait."
    )
    assert refused.sample == tuple("abcdef")


def test_a_refusal_without_a_sample_names_no_ids() -> None:
    refused = Refused("staging_is_current", table="jobs", count=1, sample=(), remedy="Run it again.")
    assert str(refused) == "Load refused: staging_is_current fails on jobs for 1. Run it again."


def test_every_failure_has_its_exit_code_and_only_unavailable_asks_for_a_retry() -> None:
    assert {name: (cls.exit_code, cls.transient) for name, cls in CLASSES.items()} == {
        "EtlError": (3, False),
        "SpecError": (2, False),
        "SettingsError": (2, False),
        "UnknownKey": (2, False),
        "TransactionPooler": (2, False),
        "OtherEncoding": (2, False),
        "OtherSchema": (2, False),
        "LegacyFileError": (2, False),
        "FileFault": (2, False),
        "LegacyMismatch": (2, False),
        "TargetMismatch": (2, False),
        "ShelfRefused": (2, False),
        "ArtifactError": (1, False),
        "Refused": (1, False),
        "Paused": (1, False),
        "TargetRestored": (1, False),
        "BooksOpen": (1, False),
        "CorrectionsError": (2, False),
        "CleanedUp": (1, False),
        "CleanupRefused": (1, False),
        "ForgetRefused": (1, False),
        "WaveHindered": (1, False),
        "FreezeRefused": (1, False),
        "LegacyThawed": (1, False),
        "LegacyReplaced": (1, False),
        "UndoRefused": (1, False),
        "Unavailable": (3, True),
    }


@pytest.mark.parametrize("name", CLASSES)
def test_the_tree_in_the_docstring_names_every_failure_with_its_exit_code(name: str) -> None:
    lines = [line for line in (errors.__doc__ or "").splitlines() if line.strip("|`- ").split()[:1] == [name]]
    assert len(lines) == 1
    assert name == "EtlError" or f"exit {CLASSES[name].exit_code} " in lines[0]
