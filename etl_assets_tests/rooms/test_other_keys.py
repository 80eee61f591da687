"""References to a unique key that is not the primary key, and of several columns: held, remapped, counted."""

import re

import pytest

from etl_assets.model.errors import SpecError, UndoRefused
from etl_assets.spec.loader import load_spec
from etl_assets_tests.assets.undoing import take_out
from etl_assets_tests.world import AT, DEFAULT_SPEC, LEGACY_SCHEMA, World

pytestmark = pytest.mark.usefixtures("without_dagster")

SCHEMA = """
CREATE TABLE customers (id INTEGER PRIMARY KEY, user_id INTEGER, code TEXT COLLATE NOCASE, name TEXT,
    referrer TEXT);
CREATE TABLE orders (id INTEGER PRIMARY KEY, user_id INTEGER, customer_code TEXT, note TEXT);
CREATE TABLE notes (id INTEGER PRIMARY KEY, code TEXT, body TEXT);
CREATE TABLE lines (order_id INTEGER, line_no INTEGER, sku TEXT, PRIMARY KEY (order_id, line_no));
CREATE TABLE shipments (id INTEGER PRIMARY KEY, order_id INTEGER, line_no INTEGER, parcel TEXT);
"""
TARGET = """
CREATE TABLE public.customers (id uuid PRIMARY KEY, user_id uuid NOT NULL REFERENCES public.profiles,
    code varchar(9) UNIQUE, name text, referrer varchar(9) REFERENCES public.customers (code));
CREATE TABLE public.notes (id uuid PRIMARY KEY, code varchar(9) NOT NULL REFERENCES public.customers (code), body text);
CREATE TABLE public.orders (id uuid PRIMARY KEY, user_id uuid NOT NULL REFERENCES public.profiles,
    customer_code text REFERENCES public.customers (code), note text);
CREATE TABLE public.lines (id uuid PRIMARY KEY, order_id uuid NOT NULL REFERENCES public.orders, line_no smallint, sku text,
    UNIQUE (order_id, line_no));
CREATE TABLE public.shipments (id uuid PRIMARY KEY, order_id uuid NOT NULL REFERENCES public.orders, line_no bigint,
    parcel text, FOREIGN KEY (order_id, line_no) REFERENCES public.lines (order_id, line_no));
"""
SPEC = """
  customers:
    owner: user_id
    columns:
      code: {type: text, map: {old: new, "*": keep}}
      name: text
      referrer: {type: text, references: {table: customers, key: code}}
  notes:
    owner: {via: code}
    columns: {code: {type: text, references: {table: customers, key: code}}, body: text}
  orders:
    owner: user_id
    columns:
      customer_code: {type: text, references: {table: customers, key: code, otherwise: "OTHERWISE"}}
      note: text
  lines:
    owner: {via: order_id}
    columns: {order_id: {type: uuid, references: {table: orders}}, line_no: integer, sku: text}
  shipments:
    owner: {via: order_id}
    columns: {order_id: {type: uuid, references: {table: orders}}, line_no: bigint, parcel: text}
    references: [{columns: [order_id, line_no], table: lines}]
"""
PEOPLE = (
    f"INSERT INTO users (id, email, created_at) VALUES (1, 'ann@example.com', '{AT}'), (2, 'bea@example.com', '{AT}');"
)
ORDERS = "SELECT o.note, c.name, o.customer_code FROM public.orders AS o LEFT JOIN public.customers AS c ON c.code = o.customer_code ORDER BY 1"
SHIPMENTS = (
    "SELECT s.parcel, o.note, l.sku FROM public.shipments AS s JOIN public.orders AS o ON o.id = s.order_id"
    " LEFT JOIN public.lines AS l ON (l.order_id, l.line_no) = (s.order_id, s.line_no) ORDER BY 1"
)


def _world(world: World, legacy: str, *, otherwise: str = "quarantine", policy: str = "load") -> World:
    world.execute(TARGET)
    section = SPEC.replace("OTHERWISE", otherwise)
    world.write_spec(("\ntables:", f"\ntables:{section}"), ("incomplete_users: hold ", f"incomplete_users: {policy} "))
    world.legacy(PEOPLE + legacy, schema=LEGACY_SCHEMA + SCHEMA)
    return world


def _books(world: World, table: str) -> dict[tuple[str, str | None], int]:
    found = world.query('SELECT state, reason, sum(rows)::int FROM etl.book WHERE "table" = %s GROUP BY 1, 2', table)
    return {(state, reason): rows for state, reason, rows in found}


@pytest.mark.parametrize("otherwise", ["quarantine", "null"])
def test_a_reference_to_another_unique_column_is_held(world: World, otherwise: str) -> None:
    legacy = """
    INSERT INTO customers (id, user_id, code, name) VALUES (1, 1, 'K1', 'hers'), (2, 2, 'k2', 'theirs'), (3, 1, 'old', 'renamed'),
      (4, 1, 'longer than nine', 'refused'), (5, 1, 'twice', 'one'), (6, 2, 'TWICE', 'other');
    INSERT INTO orders VALUES (1, 1, 'K1', 'a'), (2, 1, 'K2', 'b'), (3, 1, 'OLD', 'c'), (4, 1, 'K9', 'd'), (5, 1, NULL, 'e'),
      (6, 1, 'longer than nine', 'f'), (7, 1, 'twice', 'g'), (8, 2, 'k1', 'h');
    """
    _world(world, legacy, otherwise=otherwise).sign_up("ann@example.com")
    world.migrate()
    lost = [("d", None, None), ("g", None, None)] if otherwise == "null" else []
    hers = sorted([("a", "hers", "K1"), ("c", "renamed", "new"), ("e", None, None), *lost])
    assert world.query(ORDERS) == hers
    books = _books(world, "orders")
    assert books["waiting", "reference_waiting"] == 1
    assert books["quarantined", "reference_quarantined"] == 1
    assert books.get(("quarantined", "reference_unknown"), 0) == (0 if lost else 2)
    world.sign_up("bea@example.com")
    world.migrate()
    both = sorted([*hers, ("b", "theirs", "k2"), ("h", "hers", "K1")])
    assert world.query(ORDERS) == both
    assert world.migrate().exit_code == 0
    for user in ("1", "2"):
        with pytest.raises(UndoRefused, match="customers is referred to by rows that stay"):
            take_out(world, user=user)


def test_a_reference_of_several_columns_arrives_with_all_of_them(world: World) -> None:
    legacy = """
    INSERT INTO orders VALUES (1, 1, NULL, 'a'), (2, 2, NULL, 'b');
    INSERT INTO lines VALUES (1, 1, 'x'), (1, 2, 'y'), (2, 1, 'z'), (1, 40000, 'too large');
    INSERT INTO shipments VALUES (1, 1, 1, 'p'), (2, 1, NULL, 'q'), (3, 1, 9, 'r'), (4, 1, 2, 's'), (5, 2, 1, 't'),
      (6, 1, 40000, 'u');
    """
    _world(world, legacy).sign_up("ann@example.com")
    world.migrate()
    hers = [("p", "a", "x"), ("q", "a", None), ("s", "a", "y")]
    assert world.query(SHIPMENTS) == hers
    books = _books(world, "shipments")
    assert (books["quarantined", "reference_unknown"], books["quarantined", "reference_quarantined"]) == (1, 1)
    world.sign_up("bea@example.com")
    world.migrate()
    both = [*hers, ("t", "b", "z")]
    assert world.query(SHIPMENTS) == both
    take_out(world, user="1")
    assert world.query(SHIPMENTS) == [("t", "b", "z")]
    world.migrate(user="1")
    assert world.query(SHIPMENTS) == both


def test_what_is_owned_through_another_column_follows_its_row_and_goes_with_it(world: World) -> None:
    legacy = """
    INSERT INTO users (id, email) VALUES (3, 'cid@example.com');
    INSERT INTO customers VALUES (9, 3, 'K7', 'z', NULL), (1, 1, 'old', 'a', NULL), (2, 1, 'K2', 'b', 'OLD'), (3, 2, 'K3', 'c', 'k2'),
      (4, 2, 'K4', 'd', 'K9'), (5, 2, 'K5', 'e', 'K4');
    INSERT INTO orders VALUES (1, 2, 'K2', 'hers to theirs'), (2, 2, 'K7', 'to a forgotten one');
    INSERT INTO notes VALUES (1, 'old', 'p'), (2, 'k3', 'q'), (3, 'K9', 'r'), (4, NULL, 's'), (5, 'k7', 'gone');
    """
    _world(world, legacy).sign_up("bea@example.com", "ann@example.com")
    seen = "SELECT c.name, r.name FROM public.customers AS c LEFT JOIN public.customers AS r ON r.code = c.referrer ORDER BY 1"
    notes = "SELECT n.body, c.name FROM public.notes AS n JOIN public.customers AS c USING (code) ORDER BY 1"
    assert world.migrate().exit_code == 0
    assert world.query(seen) == [("a", None), ("b", "a"), ("c", "b")]
    assert world.query(notes) == [("p", "a"), ("q", "c")]
    path = world.folder / "artifacts" / "corrections.csv"
    lines = "customers,4,referrer,k3,asked him\nnotes,3,code,k5,a slip\n"
    path.write_text(f"table,legacy_id,column,value,reason\n{lines}", encoding="utf-8")
    assert world.migrate().exit_code == 0
    assert world.query(seen) == [("a", None), ("b", "a"), ("c", "b"), ("d", "c"), ("e", "d")]
    assert world.query(notes) == [("p", "a"), ("q", "c"), ("r", "e")]
    assert world.migrate().exit_code == 0
    take_out(world, user="2")
    assert world.query(notes) == [("p", "a")]
    result = world.cli("forget", "--user", "3")
    assert result.returncode == 0, result.stderr
    world.legacy("UPDATE orders SET note = 'changed' WHERE id = 2")
    world.migrate()
    assert _books(world, "orders") == {("excluded", "reference_excluded"): 1, ("ready", None): 1}
    assert world.query("SELECT legacy_id FROM etl.excluded WHERE \"table\" = 'notes'") == [("5",)]


def test_a_row_whose_parent_is_another_in_the_target_is_kept_back(world: World) -> None:
    world.execute(TARGET + "ALTER TABLE public.orders DROP CONSTRAINT orders_customer_code_fkey")
    world.write_spec(("\ntables:", f"\ntables:{SPEC.replace('OTHERWISE', 'quarantine')}"))
    legacy = "INSERT INTO customers VALUES (1, 1, 'K1', 'hers', NULL); INSERT INTO orders VALUES (1, 1, 'K1', 'a');"
    world.legacy(PEOPLE + legacy, schema=LEGACY_SCHEMA + SCHEMA)
    world.sign_up("ann@example.com")
    assert world.migrate().exit_code == 0
    world.legacy("UPDATE customers SET code = 'K5'; INSERT INTO orders VALUES (2, 1, 'K5', 'b')")
    world.migrate()
    assert world.query(ORDERS) == [("a", "hers", "K1")]
    assert _books(world, "orders") == {("loaded", "loaded"): 1, ("quarantined", "target_conflict"): 1}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ([("key: code,", "key: [code, name],")], "names 2 of the columns to which 1 refer"),
        ([("key: code,", "key: id,")], "'id' alone says which row"),
        ([("key: code,", "key: color,")], "names 'color', which is no column of customers"),
        ([("key: code,", "key: user_id,")], "needs `references: {table: users}`"),
        ([("{type: text, map: {old", "{type: text, expr: 'upper(code)', map: {old")], "an expression"),
        ([("customer_code: {type: text,", "customer_code: {type: bigint,")], "is bigint, and 'code' of customers"),
        ([("customer_code: {type: text,", "customer_code: {type: text, default: K1,")], "leave `default` out"),
        (
            [("[order_id, line_no], table: lines", "[order_id, parts], table: lines")],
            "names 'parts', which is no column",
        ),
        ([("[order_id, line_no], table: lines", "[order_id], by: parcel, tables: {a: lines}")], "names the `columns`"),
        (
            [
                (
                    "references: {table: customers, key: code}}\n  notes",
                    "references: {table: customers, key: referrer}}\n  notes",
                )
            ],
            "round",
        ),
    ],
)
def test_what_cannot_be_referred_to_is_refused(changes: list[tuple[str, str]], words: str) -> None:
    text = DEFAULT_SPEC.read_text(encoding="utf-8").replace(
        "\ntables:", f"\ntables:{SPEC.replace('OTHERWISE', 'null')}"
    )
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    with pytest.raises(SpecError, match=re.escape(words)):
        load_spec(text, file="migration.yaml")
