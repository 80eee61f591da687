"""`init` proposes foreign keys of several columns, and those to unique columns."""

import sqlite3
from pathlib import Path

from etl_assets.init.drafting import draft_spec, printed
from etl_assets.spec.loader import load_spec

SCHEMA = """
CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT, created_at TEXT);
CREATE TABLE customers (id INTEGER PRIMARY KEY, user_id INTEGER REFERENCES users, number INTEGER UNIQUE, name TEXT);
CREATE TABLE orders (id INTEGER PRIMARY KEY, user_id INTEGER REFERENCES users, customer TEXT REFERENCES customers (number),
    UNIQUE (user_id, id));
CREATE TABLE lines (order_id INTEGER REFERENCES orders, line_no INTEGER, sku TEXT, PRIMARY KEY (order_id, line_no));
CREATE TABLE shipments (id INTEGER PRIMARY KEY, order_id INTEGER NOT NULL REFERENCES orders, line INTEGER, parcel TEXT,
    FOREIGN KEY (order_id, line) REFERENCES lines);
CREATE TABLE bills (id INTEGER PRIMARY KEY, user_id INTEGER REFERENCES users, order_id INTEGER,
    FOREIGN KEY (user_id, order_id) REFERENCES orders (user_id, id));
CREATE TABLE folders (user_id INTEGER REFERENCES users, name TEXT, above TEXT, PRIMARY KEY (user_id, name),
    FOREIGN KEY (user_id, above) REFERENCES folders);
CREATE TABLE hints (id INTEGER PRIMARY KEY, user_id INTEGER REFERENCES users, token TEXT UNIQUE,
    other TEXT REFERENCES hints (token));
INSERT INTO users VALUES (1, 'ann@example.com', '2024-01-01'), (2, 'bea@example.com', '2024-01-01');
INSERT INTO customers VALUES (1, 1, 17, 'a'), (2, 2, 18, 'b');
INSERT INTO orders VALUES (1, 1, '17'), (2, 2, '18');
INSERT INTO lines VALUES (1, 1, 'x'), (2, 1, 'y');
INSERT INTO shipments VALUES (1, 1, 1, 'p'), (2, 2, 1, 'q'), (3, 2, 9, 'r'), (4, 2, NULL, 's');
INSERT INTO bills VALUES (1, 1, 1), (2, 2, 2);
INSERT INTO folders VALUES (1, 'top', NULL), (1, 'below', 'top');
INSERT INTO hints VALUES (1, 1, 'a', 'a');
"""


def test_foreign_keys_by_other_columns_are_proposed(tmp_path: Path) -> None:
    path = tmp_path / "legacy.db"
    with sqlite3.connect(path) as connection:
        connection.executescript(SCHEMA)
    connection.close()
    text = printed(draft_spec(path), as_ddl=False)
    spec = load_spec(text, file="migration.yaml")
    found = {
        (name, reference.columns or (part,), reference.table, reference.key)
        for name, table in spec.tables.items()
        for part, reference in table.references.items()
    }
    assert found == {
        ("orders", ("customer",), "customers", ("number",)),
        ("lines", ("order_id",), "orders", ()),
        ("shipments", ("order_id",), "orders", ()),
        ("shipments", ("order_id", "line"), "lines", ("order_id", "line_no")),
        ("bills", ("order_id",), "orders", ()),
        ("folders", ("user_id", "above"), "folders", ("user_id", "name")),
    }
    assert spec.tables["orders"].columns["customer"].type == spec.tables["customers"].columns["number"].type
    assert "1 of 3 values name no row of lines" in text
    assert "refers to hints, but its token does not arrive as it is: a plain value" in text
    assert printed(draft_spec(path), as_ddl=True)
