"""Any set of awkward rows: each comes out in exactly one state, with a reason that says where it is at fault."""

import csv
import random
from collections import Counter

import pytest

from etl_assets.commands.check import examine
from etl_assets.settings import read_settings
from etl_assets_tests.world import AT, World

pytestmark = pytest.mark.usefixtures("without_dagster")

SCHEMA = """
CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT, created_at TEXT);
CREATE TABLE items (id, user_id, parent_id, at TEXT, name, size, kind TEXT, day TEXT);
CREATE TABLE notes (id INTEGER PRIMARY KEY, item_id, body TEXT);
"""
SPEC = """
source: {timezone: UTC}
namespace: 11111111-2222-5333-8444-555555555555
users: {table: users, id: id, email: email}
policy: {incomplete_users: %s}
tables:
  items:
    target: public.items
    key: [id]
    owner: user_id
    where: "kind IS NOT 'scratch'"
    columns: {at: timestamptz, name: text, size: integer, kind: text, day: date}
  notes:
    target: public.notes
    owner: {via: item_id}
    columns: {item_id: {type: uuid, references: {table: items}}, body: text}
"""
TARGET = """
CREATE TABLE public.items (
    id uuid PRIMARY KEY, user_id uuid NOT NULL REFERENCES public.profiles (id), at timestamptz, name varchar(6) NOT NULL,
    size integer CHECK (size > 0), kind text UNIQUE, day date);
CREATE UNIQUE INDEX items_lower ON public.items (user_id, lower(name));
CREATE TABLE public.notes (id uuid PRIMARY KEY, item_id uuid NOT NULL REFERENCES public.items (id), body text NOT NULL);
CREATE FUNCTION public.no_bad() RETURNS trigger LANGUAGE plpgsql AS
    $$BEGIN IF NEW.body = 'bad' THEN RAISE EXCEPTION 'no' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END$$;
"""
POOL = {
    "id": [None, "'x'", "7", "'7'", "x'07'", "1.5"],
    "user_id": [None, "1", "1", "2", "2", "3", "99", "'abc'"],
    "at": [f"'{AT}'", f"'{AT}'", "'last tuesday'", "NULL", "''"],
    "name": ["'a'", "'A'", "'b'", "'B'", "NULL", "'much too long'", "'q' || char(0)"],
    "size": ["1", "2", "-1", "99999999999", "'many'", "NULL"],
    "kind": ["NULL", "NULL", "NULL", "'one'", "'two'", "'scratch'"],
    "day": ["NULL", "'2024-05-06'", "'2024-02-30'"],
}


def awkward_rows(seed: int) -> str:
    rng = random.Random(seed)
    lines = [
        f"INSERT INTO users VALUES (1, 'ann@example.com', '{AT}'), (2, 'bob@example.com', '{AT}'), (3, 'cat', '{AT}')"
    ]
    keys = []
    for number in range(1, 41):
        cells = {name: rng.choice(values) if rng.random() < 0.1 else values[1] for name, values in POOL.items()}
        cells |= {"name": rng.choice(POOL["name"]) if rng.random() < 0.2 else f"'n{number}'"}
        cells["id"] = rng.choice(POOL["id"]) if rng.random() < 0.15 else str(100 + number)
        keys.append(cells["id"])
        values = [str(cells[name] or "NULL") for name in ("id", "user_id", "at", "name", "size", "kind", "day")]
        lines.append(f"INSERT INTO items (id, user_id, at, name, size, kind, day) VALUES ({', '.join(values)})")
    for number in range(1, 21):
        parent = rng.choice([*keys, "5555", "NULL"]) or "NULL"
        lines.append(
            f"INSERT INTO notes VALUES ({number}, {parent}, {rng.choice(['NULL', repr('bad'), repr('fine')])})"
        )
    return ";".join(lines)


@pytest.mark.parametrize("seed", range(4))
def test_every_row_is_in_one_state_with_a_reason_and_a_place(world: World, seed: int) -> None:
    world.legacy(awkward_rows(seed), schema=SCHEMA)
    world.execute(TARGET)
    if seed % 2:
        world.execute("CREATE TRIGGER bad BEFORE INSERT ON public.notes FOR EACH ROW EXECUTE FUNCTION public.no_bad()")
    path = world.folder / "awkward.yaml"
    policy = f"{'load' if seed % 2 else 'hold'}{', triggers: fire' if seed % 2 else ''}"
    path.write_text(SPEC % policy, encoding="utf-8")
    world.use_spec(path)
    world.sign_up("ann@example.com", "bob@example.com")
    would = all(line.holds for line in examine(read_settings(), world.spec))
    outcome = world.migrate()
    assert outcome.books.closed, outcome.books
    assert (outcome.exit_code == 0) == would, "check and migrate disagree"
    with (world.folder / "artifacts" / "reports" / "quarantine.csv").open(newline="") as file:
        told = list(csv.DictReader(file))
    for line in told:
        assert line["rule"], line
        assert line["column"] or ": " in line["rule"], f"no place: {line}"
        assert line["remedy"], line
    counted = Counter(table for table, _ in {(line["table"], line["legacy_id"]) for line in told})
    for name, book in outcome.books.as_json()["tables"].items():
        assert book["source"] == {"items": 40, "notes": 20}[name]
        assert counted[name] == book["quarantined"], (name, book)
        [(there,)] = world.query(f"SELECT count(*) FROM public.{name}")
        assert there == book["loaded"]
        in_ledger = world.query('SELECT count(*) FROM etl.loaded WHERE "table" = %s', name)
        assert in_ledger == [(there,)]
    # Nobody has to guess where a row of a user is: the states of one do not overlap.
    loaded = {tuple(row) for row in world.query('SELECT "table", legacy_id FROM etl.loaded')}
    assert not loaded & {(line["table"], line["legacy_id"]) for line in told}
