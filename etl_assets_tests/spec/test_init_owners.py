"""Users, owners and references, from facts alone."""

import dataclasses

import pytest

from etl_assets.init.ddl import ddl_of
from etl_assets.init.draft import Draft, DraftTable
from etl_assets.init.draft_yaml import yaml_of
from etl_assets.init.introspection import draft_of
from etl_assets.init.judging.people import recognise_users
from etl_assets.init.table_facts import ColumnFacts, DatabaseFacts, ForeignKeyFacts, OtherObject, TableFacts
from etl_assets.spec.loader import load_spec

ROWS = 100


def number(name: str, *, nulls: int = 0, **more: object) -> ColumnFacts:
    filled = ROWS - nulls
    return ColumnFacts(name, "INTEGER", nulls=nulls, integers=filled, small_integers=filled, **more)  # type: ignore[arg-type]


def words(name: str, *, emails: int = 0, nulls: int = 0) -> ColumnFacts:
    return ColumnFacts(name, "TEXT", nulls=nulls, texts=ROWS - nulls, shapes={"other": ROWS - nulls}, emails=emails)


def table(
    name: str, *columns: ColumnFacts, keys: tuple[ForeignKeyFacts, ...] = (), key: tuple[str, ...] = ("id",)
) -> TableFacts:
    return TableFacts(name, ROWS, {c.name: c for c in columns}, ROWS, key, foreign_keys=keys)


def link(
    column: str, parent: str, *, values: int = ROWS, found: int | None = None, to: str = "id", declared: bool = True
) -> ForeignKeyFacts:
    return ForeignKeyFacts((column,), parent, (to,), declared, values, values if found is None else found)


USERS = table("users", number("id"), words("email", emails=ROWS), words("password_hash"))
JOBS = table("jobs", number("id"), number("user_id"), words("status"), keys=(link("user_id", "users"),))


def draft(*tables: TableFacts, others: tuple[OtherObject, ...] = ()) -> Draft:
    """Every draft is also a spec that the loader takes."""
    found = draft_of(DatabaseFacts("app.db", "CREATE TABLE x", tables, others))
    if found.tables:
        load_spec(yaml_of(found), file="init.yaml")
    return found


def owner(of: DraftTable) -> tuple[str | None, str | None, str | None]:
    return of.owner.source, of.owner.to, of.owner.via


def test_users_are_recognised_by_addresses_and_better_names_win() -> None:
    staff = table("employees", number("id"), words("email", emails=ROWS))
    people = table("Customer", number("id"), words("E_Mail", emails=99), number("is_verified", zeros_and_ones=ROWS))
    found = recognise_users([staff, people])
    assert found is not None
    assert (found.table, found.email, found.verified, found.addresses, found.filled) == (
        "Customer",
        "E_Mail",
        "is_verified",
        99,
        ROWS,
    )
    assert recognise_users([staff]).table == "employees"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "of",
    [
        table("users", number("id"), words("email", emails=10)),
        table("users", number("a"), number("b"), words("email", emails=ROWS), key=("a", "b")),
        table("users", words("token"), words("email", emails=ROWS), key=("token",)),
    ],
    ids=["few addresses", "composite key", "secret key"],
)
def test_a_table_that_only_looks_like_users_is_none(of: TableFacts) -> None:
    assert recognise_users([of]) is None


def test_addresses_under_another_name_are_the_users_and_asked_about() -> None:
    found = draft(table("users", number("id"), words("name", emails=ROWS)), JOBS)
    assert found.users is not None
    assert found.users.email == "name"
    assert [ask.subject for ask in found.questions] == ["users.table"]
    assert not draft(USERS, JOBS).questions


def test_an_empty_users_table_needs_both_names() -> None:
    empty = ColumnFacts("email", "TEXT")
    assert recognise_users([TableFacts("users", 0, {"id": ColumnFacts("id"), "email": empty}, 0, ("id",))])
    assert not recognise_users([TableFacts("vendors", 0, {"id": ColumnFacts("id"), "email": empty}, 0, ("id",))])


def test_the_users_table_is_not_migrated_and_its_secrets_are_named() -> None:
    found = draft(USERS, JOBS)
    assert [t.key for t in found.tables] == ["jobs"]
    assert found.users is not None
    assert (found.users.table, found.users.id, found.users.email) == ("users", "id", "email")
    assert "100 of 100 values of email look like addresses" in found.users.notes
    assert "Left behind as secrets: password_hash" in found.users.notes


def test_a_declared_key_to_the_users_is_the_owner_and_a_path_leads_through_parents() -> None:
    files = table("files", number("id"), number("job_id"), keys=(link("job_id", "jobs"),))
    pages = table("pages", number("id"), number("FileId"), keys=(link("FileId", "files"),))
    found = draft(USERS, pages, files, JOBS)
    assert owner(found.table("jobs")) == ("user_id", "user_id", None)
    assert owner(found.table("files")) == (None, None, "job_id")
    assert owner(found.table("pages")) == (None, None, "file_id")
    column = found.table("pages").column("file_id")
    assert (column.choice.type, column.references, column.source) == ("uuid", "files", "FileId")
    assert found.table("pages").id.rule == "uuid5"


def test_the_owners_name_wins_over_who_made_the_row_and_a_second_user_waits() -> None:
    keys = (link("created_by", "users"), link("customer_id", "users", values=90, found=88))
    orders = table("orders", number("id"), number("created_by"), number("customer_id", nulls=10), keys=keys)
    found = draft(USERS, orders).table("orders")
    assert owner(found) == ("customer_id", "customer_id", None)
    assert found.owner.notes == (
        "10 of 100 rows name none: they would be quarantined",
        "2 rows name one that is not there: they would be quarantined",
    )
    assert found.column("created_by").references == "users"


def test_an_undeclared_owner_is_taken_with_its_evidence() -> None:
    notes = table("notes", number("id"), number("user_id"), keys=(link("user_id", "users", declared=False, found=97),))
    found = draft(USERS, notes).table("notes")
    assert owner(found) == ("user_id", "user_id", None)
    assert found.owner.notes[0] == "no foreign key is declared; 97 of 100 values are ids of users"


def test_a_mostly_empty_path_is_none_and_nobodys_table_refers_to_no_owned_one() -> None:
    keys = (link("last_job_id", "jobs", values=10),)
    products = table("products", number("id"), number("last_job_id", nulls=90), keys=keys)
    found = draft(USERS, JOBS, products).table("products")
    assert found.owner.is_none
    assert (found.id.rule, found.id.to, found.id.type) == ("keep", "id", "integer")
    column = found.column("last_job_id")
    assert (column.references, column.choice.type) == (None, "integer")
    assert "user by user" in column.choice.notes[0]


@pytest.mark.parametrize(
    ("key", "words"),
    [
        (link("parent_id", "nowhere"), "that table is not migrated"),
        (link("parent_id", "kinds", found=20), "only 20 of 100 values are there"),
    ],
)
def test_a_reference_that_is_not_built_stays_a_plain_value(key: ForeignKeyFacts, words: str) -> None:
    things = table("things", number("id"), number("parent_id"), number("kind_id"), keys=(key,))
    kinds = table("kinds", number("id"), number("name"))
    column = draft(things, kinds).table("things").column("parent_id")
    assert column.references is None
    assert words in column.choice.notes[0]


def test_a_circle_and_a_tree_are_references() -> None:
    a = table("a", number("id"), number("b_id"), keys=(link("b_id", "b"),))
    b = table("b", number("id"), number("a_id"), keys=(link("a_id", "a"),))
    c = table("folders", number("id"), number("parent_id"), keys=(link("parent_id", "folders", declared=False),))
    found = draft(a, b, c)
    assert [found.table(name).column(column).references for name, column in (("a", "b_id"), ("b", "a_id"))] == [
        "b",
        "a",
    ]
    assert found.table("folders").column("parent_id").references == "folders"
    script = ddl_of(found)
    assert "parent_id integer REFERENCES public.folders (id)" in script
    assert script.endswith("ALTER TABLE public.b ADD FOREIGN KEY (a_id) REFERENCES public.a (id) DEFERRABLE;\n")


def test_lookup_rows_keep_their_numbers_and_their_children_too() -> None:
    genres = table("Genre", number("GenreId"), words("Name"), key=("GenreId",))
    tracks = table(
        "Track", number("TrackId"), number("GenreId"), keys=(link("GenreId", "Genre", to="GenreId"),), key=("TrackId",)
    )
    found = draft(genres, tracks)
    assert (found.table("genre").id.rule, found.table("genre").id.to) == ("keep", "genre_id")
    column = found.table("track").column("genre_id")
    assert (column.choice.type, column.references) == ("integer", "genre")


def test_legacy_uuids_are_kept_and_other_texts_stay_data() -> None:
    guid = ColumnFacts("guid", "TEXT", texts=ROWS, shapes={"hex32": ROWS})
    code = words("id")
    found = draft(table("books", guid, key=("guid",)), table("countries", code, words("name")))
    assert (found.table("books").id.rule, found.table("books").id.type) == ("keep", "uuid")
    countries = found.table("countries")
    assert (countries.id.rule, countries.id.to) == ("uuid5", "new_id")
    assert [column.name for column in countries.columns] == ["id", "name"]


def test_a_key_that_is_its_own_owner_finds_another_name() -> None:
    settings = table("settings", number("id"), words("theme"), keys=(link("id", "users"),))
    found = draft(USERS, settings).table("settings")
    assert owner(found) == ("id", "user_id", None)
    assert found.id.to == "id"


def test_composite_keys_are_written_and_tables_without_any_go_by_their_place() -> None:
    pairs = table("pairs", number("a"), number("b"), key=("a", "b"))
    guessed = dataclasses.replace(table("guessed", number("n"), words("w"), key=()), unique=(("n",),))
    loose = table("loose", number("n"), key=())
    secret = table("resets", words("token"), number("n"), key=("token",))
    found = draft(pairs, guessed, loose, secret)
    assert found.table("pairs").legacy_key == ("a", "b")
    assert found.table("guessed").legacy_key == ("n",)
    assert "never repeats" in found.table("guessed").notes[0]
    assert found.table("loose").legacy_key == ("rowid",)
    assert "loaded once" in found.table("loose").notes[0]
    assert [name for name, _ in found.not_migrated] == ["resets"]
    assert "looks like a secret" in found.not_migrated[0][1]


def test_secrets_and_computed_columns_stay_behind_and_money_is_summed() -> None:
    columns = (
        number("id"),
        words("api_key"),
        number("total_price", generated=True),
        number("amount"),
        number("amount_type"),
    )
    found = draft(table("payments", *columns)).table("payments")
    assert [column.name for column in found.columns] == ["amount", "amount_type"]
    assert [note.partition(":")[0] for note in found.left_out] == ["api_key", "total_price"]
    assert found.sums == ("amount",)


def test_odd_names_fit_and_never_meet() -> None:
    long = "col_" + "x" * 70
    odd = table(
        "Order Details",
        number("id"),
        number("Größe (cm)"),
        number("a b"),
        number("a-b"),
        number("2nd"),
        number(f"{long}1"),
        number(f"{long}2"),
        number('q"uote: #1'),
    )
    found = draft(
        odd,
        table("order_details", number("id")),
        table("users", number("id")),
        table("profiles", number("id")),
        table("☃", number("id")),
    )
    assert [t.key for t in found.tables] == ["order_details", "order_details_2", "legacy_users", "legacy_profiles", "c"]
    names = [column.name for column in found.tables[0].columns]
    assert names[:4] == ["groesse_cm", "a_b", "a_b_2", "c2nd"]
    assert len(set(names)) == len(names)
    assert all(len(name) <= 63 for name in names)
    spec = load_spec(yaml_of(found), file="init.yaml")
    assert spec.tables["order_details"].source == "Order Details"
    assert spec.tables["order_details"].columns["q_uote_1"].from_ == 'q"uote: #1'


def test_line_ends_in_names_stay_inside_their_comments() -> None:
    evil = table("a\nb\u2028c\x85d", number("id"), number("x\ny"), words("pass\nword"))
    found = draft(evil, others=(OtherObject("v\n- injected: yes", "a view"),))
    spec = load_spec(yaml_of(found), file="init.yaml")
    assert [t.source for t in spec.tables.values()] == ["a\nb\u2028c\x85d"]
    assert next(iter(spec.tables.values())).columns["x_y"].from_ == "x\ny"


def test_one_database_gives_one_text_and_one_namespace() -> None:
    first, second = draft(USERS, JOBS), draft(USERS, JOBS)
    assert yaml_of(first) == yaml_of(second)
    other = draft_of(DatabaseFacts("app.db", "CREATE TABLE y", (USERS, JOBS)))
    assert other.namespace != first.namespace


def test_init_finds_when_users_signed_up_and_how_to_read_it() -> None:
    epochs = dataclasses.replace(number("joined"), epochs={"s": ROWS}, small_integers=0)
    found = draft(table("users", number("id"), words("email", emails=ROWS), epochs), JOBS)
    assert "created: {from: joined, unit: s}" in yaml_of(found)
    dates = ColumnFacts("date_joined", "TEXT", texts=ROWS, shapes={"timestamp": ROWS})
    assert "created: date_joined" in yaml_of(draft(table("users", *USERS.columns.values(), dates), JOBS))
    assert "No column says when somebody signed up" in yaml_of(draft(USERS, JOBS))
