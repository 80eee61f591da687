import pytest

from etl_assets.spec.exports import Export, ExportColumn, exports_of, label_of, table_export, users_export
from etl_assets.spec.loader import load_spec
from etl_assets.spec.model import Spec, Table, Users

HEAD = "source: {timezone: UTC}\nnamespace: 8f0c2f5e-6c0a-5d0b-9d1b-3c6a7e1f4a52\nusers: {}\ntables:\n"


def spec_with(columns: str, *, more: str = "", owner: str = "user_id") -> Spec:
    return load_spec(f"{HEAD}  items: {{owner: {owner}, columns: {{{columns}}}{more}}}\n", file="test.yaml")


def items(columns: str, *, more: str = "", owner: str = "user_id") -> Table:
    return spec_with(columns, more=more, owner=owner).tables["items"]


def labels(table: Table) -> list[str]:
    return [column.label for column in table_export(table).columns]


def test_only_the_owner_and_the_named_columns_leave_sqlite() -> None:
    export = table_export(items("a: text, b: {type: text, from: c}, d: {type: text, expr: 'e + 1'}"))
    assert export == Export(
        "items",
        "items",
        (
            ExportColumn("user_id", column="user_id"),
            ExportColumn("a", column="a"),
            ExportColumn("c", column="c"),
            ExportColumn("d", expr="e + 1"),
        ),
    )


def test_an_export_carries_source_key_where_and_whether_it_is_optional() -> None:
    table = items("a: text", more=", source: Old Items, key: [x, y], where: a > 1, optional: 'true'")
    assert table_export(table) == Export(
        "items",
        "Old Items",
        (ExportColumn("user_id", column="user_id"), ExportColumn("a", column="a")),
        key=("x", "y"),
        where="a > 1",
        optional=True,
    )


def test_a_table_without_owner_exports_no_owner() -> None:
    assert labels(items("a: text", owner="none")) == ["a"]


def test_each_legacy_column_is_exported_once() -> None:
    table = items("a: {type: text, from: x}, b: {type: integer, from: x}, c: {type: text, from: user_id}")
    assert labels(table) == ["user_id", "x"]
    assert [label_of(table, name) for name in "abc"] == ["x", "x", "user_id"]


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ("y: {type: text, expr: '1'}", ["user_id", "y"]),
        ("a: {type: text, from: y}, y: {type: text, expr: '1'}", ["user_id", "y", "expr:y"]),
        ("y: {type: text, expr: '1'}, a: {type: text, from: y}", ["user_id", "expr:y", "y"]),
        ("a: {type: text, expr: '1'}, b: {type: text, expr: '2'}", ["user_id", "a", "b"]),
        ("a: {type: text, from: b}, b: {type: text, from: a}", ["user_id", "b", "a"]),
    ],
)
def test_an_expression_never_shares_a_header_with_a_legacy_column(columns: str, expected: list[str]) -> None:
    assert labels(items(columns)) == expected


def test_an_expression_never_shares_a_header_with_the_owner() -> None:
    table = items("owner_ref: {type: text, expr: '1'}", owner="{from: owner_ref, to: user_id}")
    assert labels(table) == ["owner_ref", "expr:owner_ref"]


def test_each_column_is_found_under_its_label_with_its_own_source() -> None:
    table = items("x: {type: text, expr: '1'}, a: {type: text, from: x}, b: {type: text, from: user_id}")
    sources = {column.label: column.column or column.expr for column in table_export(table).columns}
    assert {name: sources[label_of(table, name)] for name in table.columns} == {"x": "1", "a": "x", "b": "user_id"}


def test_what_the_spec_allows_is_marked_for_the_secret_check() -> None:
    table = items(
        "token: {type: text, secret: allowed}, h: {type: text, expr: 'hash', secret: allowed}, a: {type: text, expr: b}"
    )
    assert {column.label: column.secret_allowed for column in table_export(table).columns} == {
        "user_id": False,
        "token": True,
        "h": True,
        "a": False,
    }


def test_users_export_id_email_and_created_at_alone() -> None:
    assert users_export(Users()) == Export(
        "users",
        "users",
        (ExportColumn("email", column="email"), ExportColumn("created_at", column="created_at", optional=True)),
        key=("id",),
    )


def test_users_export_the_names_of_the_spec_and_the_verified_flag() -> None:
    export = users_export(Users(table="members", id="uid", email="mail", verified="is_ok"))
    assert (export.source, export.key) == ("members", ("uid",))
    assert [(column.label, column.optional) for column in export.columns] == [
        ("mail", False),
        ("is_ok", False),
        ("created_at", True),
    ]


def test_users_come_first_and_are_absent_where_the_spec_has_none() -> None:
    spec = spec_with("a: text", owner="none")
    assert list(exports_of(spec)) == ["users", "items"]
    assert list(exports_of(spec.model_copy(update={"users": None}))) == ["items"]
