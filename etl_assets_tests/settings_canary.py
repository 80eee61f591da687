"""A migration with a cell of every kind that a setting of the session could bend."""

from etl_assets_tests.world import AT, World

TEXT = "\u00e9\u20ac \U0001d11e back\\slash 'quoted' \\x41 \\N {a,b}"
SPEC = """
source: {timezone: Europe/Berlin}
namespace: 11111111-2222-5333-8444-555555555555
users: {table: users, id: id, email: email}
policy: {incomplete_users: load}
balances: {profiles.credits: {from: users.credits, apply: add}}
tables:
  kinds: {id: keep, owner: none, columns: {name: text}}
  things:
    owner: user_id
    columns:
      kind_id: {type: integer, references: {table: kinds}}
      parent_id: {type: uuid, references: {table: things}}
      words: text
      day: date
      moment: timestamptz
      clock: timestamp
      hour: time
      span: interval
      amount: numeric
      price: money
      ratio: double
      small: real
      raw: bytea
      doc: jsonb
      bare: json
      flag: boolean
      list: text[]
      numbers: {type: 'numeric[]'}
      address: inet
      mask: bit
      seen: tsvector
    checks: {sum: [amount]}
"""
TARGET = """
CREATE TABLE public.kinds (id integer PRIMARY KEY, name text UNIQUE);
CREATE TABLE public.things (id uuid PRIMARY KEY, user_id uuid NOT NULL REFERENCES public.profiles, kind_id integer REFERENCES
    public.kinds, parent_id uuid REFERENCES public.things, words text CHECK (words <> 'back\\slash only' AND words NOT LIKE '%forbidden\\\\%'),
    day date CHECK (day > '2000-01-02'), moment timestamptz, clock timestamp, hour time, span interval, amount numeric(12,3),
    price money, ratio double precision, small real, raw bytea, doc jsonb, bare json, flag boolean, list text[],
    numbers numeric(6,2)[], address inet, mask bit(3), seen tsvector);
CREATE UNIQUE INDEX one_a_day ON public.things (user_id, lower(words)) WHERE day = '2024-02-03';
ALTER TABLE public.profiles ADD COLUMN credits numeric NOT NULL DEFAULT 0.5;
"""
_WORDS = TEXT.replace("'", "''")
_REST = (
    "'2024-02-03', '2024-03-31 12:00:00.123456', '2024-07-01 08:09:10', '07:08:09.5', '1 day, 2:03:04', '1234.567', '12.50',"
    ' 0.1, 0.1, x\'005c27ff\', \'{"b": "\\\\ \u00e9", "a": 1.50}\', \'{"b": 1, "a": 1.0}\', 1, \'["a", null, "b,\\"\\\\"]\', \'[1.5, 2]\','
    " '10.0.0.1', '101', '''a'' ''b'''"
)
LEGACY = f"""
CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT, credits NUMERIC, created_at TEXT);
CREATE TABLE kinds (id INTEGER PRIMARY KEY, name TEXT);
CREATE TABLE things (id INTEGER PRIMARY KEY, user_id INTEGER, kind_id INTEGER, parent_id INTEGER, words TEXT, day TEXT, moment TEXT,
    clock TEXT, hour TEXT, span TEXT, amount TEXT, price TEXT, ratio REAL, small REAL, raw BLOB, doc TEXT, bare TEXT, flag INTEGER,
    list TEXT, numbers TEXT, address TEXT, mask TEXT, seen TEXT);
INSERT INTO users VALUES (1, 'ann@example.com', 7.25, '{AT}'), (2, 'bea@example.com', 1, '{AT}'), (3, 'cid@example.com', 2, '{AT}');
INSERT INTO kinds VALUES (1, '{_WORDS}'), (2, 'null');
INSERT INTO things VALUES (1, 1, 1, NULL, '{_WORDS}', {_REST}), (2, 1, 2, 1, 'NULL', {_REST}), (3, 2, NULL, 3, 'back\\slash only', {_REST}),
  (4, 2, NULL, NULL, 'x', {_REST}), (5, 2, NULL, NULL, 'X', {_REST}), (6, 3, 1, NULL, 'waits', {_REST}),
  (7, 2, NULL, NULL, 'forbidden\\', {_REST});
INSERT INTO things (id, user_id, words, day, moment) VALUES (8, 1, 'bad day', '03/02/2024', '{AT}'), (9, 1, 'old', '1999-01-01', '{AT}'),
  (10, 1, NULL, '2024-02-03', '2024-03-31 02:30:00');
"""
UNTOUCHED = '"credits":0.5}'
LEFT = {
    "kinds": "SELECT t.id, t.name FROM public.kinds AS t",
    "things": "SELECT t.* FROM public.things AS t",
    "profiles": "SELECT p.id, p.credits FROM public.profiles AS p",
    "quarantine": 'SELECT q."table", q.legacy_id, q."column", q.value, q.rule FROM etl.quarantine AS q',
    "refused": 'SELECT r."table", r.legacy_id, r.rule FROM etl.refused AS r',
    "ledger": 'SELECT l."table", l.legacy_id, l.new_id, l.legacy_user_id, l.digest FROM etl.loaded AS l',
    "books": 'SELECT b."table", b.legacy_user_id, b.state, b.reason, b.rows, b.sums FROM etl.book AS b',
}


def begin(world: World) -> None:
    """The app, two of whose three users have come back."""
    world.execute(TARGET)
    path = world.folder / "canary.yaml"
    path.write_text(SPEC, encoding="utf-8")
    world.use_spec(path)
    world.legacy(LEGACY, schema="")
    world.sign_up("ann@example.com", "bea@example.com")


def found_in(world: World) -> dict[str, list[str]]:
    """Every cell of what a migration left, as Postgres writes it; of what is not there, nothing."""
    [(has_schema,)] = world.query("SELECT to_regclass('etl.meta') IS NOT NULL")
    return {
        name: sorted(row for (row,) in world.query(f"SELECT row_to_json(y)::text FROM ({query}) AS y"))
        if has_schema or "etl." not in query
        else []
        for name, query in LEFT.items()
    }
