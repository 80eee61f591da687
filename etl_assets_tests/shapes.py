"""Random tables that refer to one another in every shape, and a model of what arrives that knows nothing of our code."""

import random
import uuid
from dataclasses import dataclass, field

USERS = ("1", "2", "3")
NOBODY = "99"
UNKNOWN = 999
NAMESPACE = uuid.UUID("8f0c2f5e-6c0a-5d0b-9d1b-3c6a7e1f4a52")
# Spec, target type, then legacy cell as SQL with what production says of it.
VALUES = (
    ("text", "text", {"'a'": "a", "''": "", "7": "7"}),
    ("integer", "smallint", {"7": "7", "'-3'": "-3"}),
    ("{type: timestamp, unit: s}", "timestamp", {"1704103200": "2024-01-01 10:00:00", "'2024-01-01'": "2024-01-01 00:00:00"}),
    ("{type: 'text[]', split: ','}", "text[]", {"'a,b'": "{a,b}"}),
    ("interval", "interval", {"'PT90M'": "01:30:00"}),
    ("inet", "inet", {"'10.0.0.1'": "10.0.0.1"}),
    ("numeric", "numeric(8,2)", {"'1.50'": "1.50", "2": "2.00"}),
)  # fmt: skip
Row = tuple[str, int]  # table, legacy id
# How the rows of a table are named: by their key, by a code, which the new app writes otherwise of row 7, by two columns,
# or by ids within JSON, of which there may be two.
BY = ("id", "id", "id", "code", "pair", "within")
SECOND = "+"


@dataclass
class Reference:
    """A column that names rows: of one table, or of whichever its words lead to."""

    column: str
    tables: list[str]
    otherwise: str
    has_key: bool
    is_late: bool
    by: str = "id"

    @property
    def is_polymorphic(self) -> bool:
        """True where another column says which table is meant."""
        return len(self.tables) > 1


@dataclass
class Made:
    """One table: whose rows, how they refer, its rows with the user's id or the parent that says it."""

    name: str
    owner: str  # a column, `via` a reference, or `none`
    via: Reference | None = None
    references: list[Reference] = field(default_factory=list)
    value: tuple[str, str, dict[str, str]] = VALUES[0]
    # Legacy id -> owner, cell, and per reference the row that is named (table, id) or None.
    rows: dict[int, tuple[str | None, str, dict[str, Row | None]]] = field(default_factory=dict)


def make(seed: int) -> list[Made]:
    """The tables of one seed."""
    rng = random.Random(seed)
    names = [f"t{number}" for number in range(rng.randint(1, 4))]
    tables: list[Made] = []
    for name in names:
        owner = rng.choice(["column", "column", "via", "none"])
        owned = [other.name for other in tables if other.owner != "none"]
        table = Made(name, "column" if owner == "via" and not owned else owner, value=rng.choice(VALUES))
        if table.owner == "via":
            by = rng.choice(["id", "code"])
            table.via = Reference("up", [rng.choice(owned)], "quarantine", rng.random() < 0.5, is_late=False, by=by)
            table.references.append(table.via)
        tables.append(table)
    for table in tables:
        allowed = [other.name for other in tables if table.owner != "none" or other.owner == "none"]
        for number in range(rng.choice([0, 1, 1, 2])):
            several = rng.sample(allowed, min(2, len(allowed))) if rng.random() < 0.25 else [rng.choice(allowed)]
            has_key = len(several) == 1 and rng.random() < 0.6
            otherwise = rng.choice(["quarantine", "quarantine", "null"])
            by = rng.choice(BY) if len(several) == 1 else "id"
            if by == "within":
                otherwise, has_key = "quarantine", False
            table.references.append(Reference(f"r{number}", several, otherwise, has_key, rng.random() < 0.5, by))
    ids = {table.name: rng.sample(range(1, 40), rng.randint(0, 9)) for table in tables}
    for table in tables:
        for key in ids[table.name]:
            whose = rng.choice([*USERS, *USERS, *USERS, NOBODY, None]) if table.owner == "column" else None
            named = {reference.column: _named(rng, reference, ids) for reference in table.references}
            many = [reference for reference in table.references if reference.by == "within"]
            named |= {reference.column + SECOND: _named(rng, reference, ids) for reference in many}
            table.rows[key] = (whose, rng.choice(list(table.value[2])), named)
    return tables


def _named(rng: random.Random, reference: Reference, ids: dict[str, list[int]]) -> Row | None:
    table = rng.choice(reference.tables)
    if reference.column != "up" and rng.random() < 0.3:
        return None
    known = ids[table]
    return (table, rng.choice(known) if known and rng.random() < 0.9 else UNKNOWN)


def spec_of(tables: list[Made]) -> str:
    """The sections of the spec."""
    lines = []
    for table in tables:
        whose = {"column": "user_id", "via": "{via: up}", "none": "none"}[table.owner]
        columns = [f"v: {table.value[0]}", "code: {type: text, map: {c7: c-seven, '*': keep}}", "nr: integer"]
        several: list[str] = []
        for reference in table.references:
            where = f"table: {reference.tables[0]}"
            said = f"otherwise: '{reference.otherwise}'"
            if reference.by == "code":
                columns.append(f"{reference.column}: {{type: text, references: {{{where}, key: code, {said}}}}}")
                continue
            if reference.by == "within":
                columns.append(f"{reference.column}: {{type: jsonb, references: {{{where}, path: '$.a[*]'}}}}")
                continue
            if reference.by == "pair":
                pair = f"{reference.column}, {reference.column}_nr"
                several.append(f"{{columns: [{pair}], {where}, key: [code, nr], {said}}}")
                columns += [f"{reference.column}: text", f"{reference.column}_nr: integer"]
                continue
            if reference.is_polymorphic:
                where = f"by: {reference.column}_type, tables: {{{', '.join(f'w_{n}: {n}' for n in reference.tables)}}}"
            columns.append(
                f"{reference.column}: {{type: uuid, references: {{{where}, otherwise: '{reference.otherwise}'}}}}"
            )
        together = f"    references: [{', '.join(several)}]\n" if several else ""
        lines.append(f"  {table.name}:\n    owner: {whose}\n    columns: {{{', '.join(columns)}}}\n{together}")
    return "".join(lines)


def code_of(key: int) -> str:
    """What the legacy app has in the column `code` of a row, and of no other."""
    return f"c{key}"


def legacy_of(tables: list[Made]) -> str:
    """The legacy tables with their rows."""
    script = []
    for table in tables:
        columns = ["id INTEGER PRIMARY KEY", "user_id INTEGER", "v", "code TEXT UNIQUE", "nr INTEGER"]
        columns += [f"{r.column}, {r.column}_type TEXT, {r.column}_nr INTEGER" for r in table.references]
        script.append(f"CREATE TABLE {table.name} ({', '.join(columns)});")
        for key, (whose, cell, named) in table.rows.items():
            cells = [str(key), whose or "NULL", cell, f"'{code_of(key)}'", str(key % 3)]
            for reference in table.references:
                found = named[reference.column]
                if reference.by == "within":
                    two = [found, named[reference.column + SECOND]]
                    ids = ", ".join(str(one[1]) for one in two if one)
                    cells += [f'\'{{"a": [{ids}], "n": {key}}}\'', "NULL", "NULL"]
                elif found is None:
                    # Half a pair names nothing, and stays what it is.
                    cells += ["'c0'" if reference.by == "pair" and key % 2 else "NULL", "NULL", "NULL"]
                else:
                    value = str(found[1]) if reference.by == "id" else f"'{code_of(found[1])}'"
                    cells += [value, f"'w_{found[0]}'", str(found[1] % 3)]
            script.append(f"INSERT INTO {table.name} VALUES ({', '.join(cells)});")
    return "\n".join(script)


def target_of(tables: list[Made]) -> str:
    """The target's tables, with foreign keys of which some may be checked later."""
    script = []
    for table in tables:
        columns = ["id uuid PRIMARY KEY", f"v {table.value[1]}", "code text UNIQUE", "nr integer", "UNIQUE (code, nr)"]
        columns += ["user_id uuid NOT NULL REFERENCES public.profiles"] if table.owner == "column" else []
        for r in table.references:
            type_ = {"id": "uuid", "within": "jsonb"}.get(r.by, "text")
            columns += [f"{r.column} {type_}", f"{r.column}_nr integer"]
        script.append(f"CREATE TABLE public.{table.name} ({', '.join(columns)});")
    to = {"id": "id", "code": "code", "pair": "code, nr"}
    for table in tables:
        for r in table.references:
            if r.has_key:
                late = " DEFERRABLE" if r.is_late else ""
                own = f"{r.column}, {r.column}_nr" if r.by == "pair" else r.column
                key = f"FOREIGN KEY ({own}) REFERENCES public.{r.tables[0]} ({to[r.by]}){late}"
                script.append(f"ALTER TABLE public.{table.name} ADD {key};")
    return "\n".join(script)


class Model:
    """What becomes of each row, once these users have come."""

    def __init__(self, tables: list[Made]) -> None:
        """Takes the tables as they were made."""
        self.tables = {table.name: table for table in tables}
        self.rows: list[Row] = [(table.name, key) for table in tables for key in table.rows]
        self.bad = self._closed({row for row in self.rows if self._is_bad(row)})

    def owner(self, row: Row) -> str | None:
        """Whose row it is; None where nobody can say."""
        table = self.tables[row[0]]
        whose, _, named = table.rows[row[1]]
        if table.via:
            up = named["up"]
            return self.owner(up) if up and up in self.rows else None
        return whose

    def _is_bad(self, row: Row) -> bool:
        table = self.tables[row[0]]
        if table.owner != "none" and self.owner(row) not in USERS:
            return True
        named = table.rows[row[1]][2]
        return any(
            found is not None and found not in self.rows and reference.otherwise == "quarantine"
            for reference in table.references
            for found in (named[reference.column], named.get(reference.column + SECOND))
        )

    def named(self, row: Row) -> list[Row]:
        """The rows that it refers to and that there are."""
        return [found for found in self.tables[row[0]].rows[row[1]][2].values() if found in self.rows]  # type: ignore[misc]

    def _closed(self, bad: set[Row]) -> set[Row]:
        while more := {row for row in self.rows if row not in bad and bad.intersection(self.named(row))}:
            bad = bad | more
        return bad

    def arrived(self, came: set[str]) -> set[Row]:
        """The rows in production: all whose owner has come, and that refer to nothing that is not there."""
        found = {
            row
            for row in self.rows
            if row not in self.bad and (self.tables[row[0]].owner == "none" or self.owner(row) in came)
        }
        while lost := {row for row in found if not found.issuperset(self.named(row))}:
            found -= lost
        return found

    def cells(self, row: Row) -> tuple[str | None, ...]:
        """What production says of a row: its value, its code, and what it names others by."""
        table = self.tables[row[0]]
        _, cell, named = table.rows[row[1]]
        ids = [
            self._within(row, r) if r.by == "within" else self._named_as(r, row, named[r.column])
            for r in table.references
        ]
        return (table.value[2][cell], new_code(row), *ids)

    def _within(self, row: Row, reference: Reference) -> str:
        named = self.tables[row[0]].rows[row[1]][2]
        two = (named[reference.column], named[reference.column + SECOND])
        ids = ", ".join(f'"{new_id(found)}"' for found in two if found)
        return f'{{"a": [{ids}], "n": {row[1]}}}'

    def _named_as(self, reference: Reference, row: Row, found: Row | None) -> str | None:
        if found is None:
            return "c0/" if reference.by == "pair" and row[1] % 2 else None
        if found not in self.rows:
            return None
        return {"id": new_id(found), "code": new_code(found), "pair": f"{new_code(found)}/{found[1] % 3}"}[reference.by]


def new_code(row: Row) -> str:
    """The code that a row has in the new app."""
    return "c-seven" if row[1] == 7 else code_of(row[1])


def new_id(row: Row) -> str:
    """The id that a row has in the new app."""
    return str(uuid.uuid5(NAMESPACE, f"{row[0]}/{row[1]}"))
