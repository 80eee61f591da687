import re
from pathlib import Path

import pytest

from etl_assets.model.errors import SpecError
from etl_assets.settings import DEFAULT_SPEC
from etl_assets.spec.loader import SECTIONS, _explained_by, load_spec
from etl_assets.spec.model import Spec
from etl_assets.spec.page.entries import INNER_KEYS
from etl_assets.spec.page.page import about
from etl_assets.spec.profiles import OF_TABLES_ALONE
from etl_assets.spec.rules import looks_secret

DESIGN = Path(__file__).parents[3] / "shared" / "design.md"
NAMESPACE = "8f0c2f5e-6c0a-5d0b-9d1b-3c6a7e1f4a52"
HEAD = f"source: {{timezone: UTC}}\nnamespace: {NAMESPACE}\nusers: {{}}\ntables:\n"
JOBS = "  jobs:\n    owner: user_id\n    columns:\n      status: text\n"


def load(text: str) -> Spec:
    return load_spec(text, file="migration.yaml")


def fault(text: str) -> SpecError:
    with pytest.raises(SpecError) as caught:
        load(text)
    return caught.value


def column(text: str, *, parents: str = JOBS, owner: str = "user_id") -> str:
    """A spec whose table `items` has, on line 5 after its parents, this column (YAML flow)."""
    return f"{HEAD}  items: {{owner: {owner}, columns: {{{text}}}}}\n{parents}"


def test_the_smallest_spec_is_filled_with_the_defaults_of_the_design() -> None:
    spec = load(HEAD + JOBS)
    jobs = spec.tables["jobs"]
    assert (jobs.name, jobs.source, jobs.target, jobs.target_schema, jobs.target_table) == (
        ("jobs", "jobs", "public.jobs", "public", "jobs")
    )
    assert (jobs.id.rule, jobs.id.to, jobs.owner.from_, jobs.owner.to) == ("uuid5", "id", "user_id", "user_id")
    assert (spec.policy.incomplete_users, spec.policy.max_quarantined, spec.policy.triggers) == ("hold", None, "refuse")
    assert (spec.accounts.from_, spec.accounts.profiles, spec.accounts.merge_duplicates) == (
        "auth",
        "public.profiles",
        False,
    )
    assert spec.owned == spec.load_order == ("jobs",)
    assert spec.unowned == ()


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("owner: user_id", "owner: {from: user_id, to: user_id}"),
        ("owner: none", "owner: none\n    id: {rule: uuid5, to: id}"),
        ("owner: none", "owner: none\n    id: uuid5"),
        ("owner: none", "owner: none\n    source: items\n    target: public.items"),
        ("owner: none", "owner: none\n    target: items"),
        ("owner: none\n    columns: {a: text}", "owner: none\n    columns: {a: {type: text}}"),
    ],
)
def test_short_forms_mean_what_the_long_forms_say(short: str, long: str) -> None:
    bodies = [text if "columns" in text else f"{text}\n    columns: {{a: text}}" for text in (short, long)]
    specs = [load(f"{HEAD}  items:\n    {body}\n") for body in bodies]
    assert specs[0] == specs[1]


def test_scalars_stay_the_text_that_they_are() -> None:
    text = column("a: {type: text, default: null, map: {yes: 012, null: no, 1_0: 1e3, ~: 2024-01-01, true: 0x10}}")
    items = load(text).tables["items"].columns["a"]
    assert items.default == "null"
    assert items.map == {"yes": "012", "null": "no", "1_0": "1e3", "~": "2024-01-01", "true": "0x10"}


def test_column_names_such_as_yes_and_null_are_names() -> None:
    assert list(load(column("yes: text, null: text, 012: text, on: text")).tables["items"].columns) == [
        "yes",
        "null",
        "012",
        "on",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [1, 2", "migration.yaml:1: not YAML: expected ',' or ']', but got '<stream end>'"),
        ("a: b\n\tc: d", "migration.yaml:2: not YAML: found character '\\t' that cannot start any token"),
        ("a: *nowhere", "migration.yaml:1: not YAML: found undefined alias 'nowhere'"),
        ("a: b\n---\nc: d", "migration.yaml:2: not YAML: but found another document"),
        ("a: 'b\x00'", "migration.yaml: not YAML: cannot be read"),
        ("[" * 3_000, "migration.yaml: brackets stand within brackets, deeper than any spec needs"),
    ],
)
def test_what_is_no_yaml_is_said_so_with_its_line(text: str, message: str) -> None:
    assert str(fault(text)) == message


@pytest.mark.parametrize("text", ["", "# only a comment\n", "just words", "- a\n- b\n", "null"])
def test_a_file_without_a_mapping_says_how_to_start(text: str) -> None:
    assert str(fault(text)) == (
        "migration.yaml:1: the file holds no mapping; start with `source:`, `namespace:` and `tables:`"
    )


@pytest.mark.parametrize(
    ("text", "line", "path"),
    [
        (HEAD + JOBS + "users: {}\n", 9, "users"),
        (HEAD + JOBS + "  jobs: {owner: none, columns: {a: text}}\n", 9, "tables.jobs"),
        (HEAD + JOBS + "      status: text\n", 9, "tables.jobs.columns.status"),
        (column("a: {type: text, type: uuid}"), 5, "tables.items.columns.a.type"),
        (column("a: {type: text, map: {x: a, 'x': b}}"), 5, "tables.items.columns.a.map.x"),
    ],
)
def test_a_key_that_stands_twice_is_refused_where_it_stands_again(text: str, line: int, path: str) -> None:
    error = fault(text)
    assert (error.line, error.path, error.problem) == (line, path, "stands twice in this section; keep one")


def test_a_key_that_is_no_word_is_refused() -> None:
    assert str(fault(HEAD + "  ? [a]\n  : b\n")) == "migration.yaml:5: tables: a key must be a plain word"


def test_an_alias_of_itself_is_a_mistake_and_no_crash() -> None:
    fault(HEAD + "  jobs: &jobs\n    owner: none\n    columns: *jobs\n")


@pytest.mark.parametrize(
    ("text", "line", "path", "hint"),
    [
        (HEAD + JOBS + "polici: {}\n", 9, "polici", "did you mean `policy`?"),
        (
            HEAD + JOBS + "policy: {incomplete_user: load}\n",
            9,
            "policy.incomplete_user",
            "did you mean `incomplete_users`?",
        ),
        (HEAD + JOBS + "accounts: {profile: x.y}\n", 9, "accounts.profile", "did you mean `profiles`?"),
        (HEAD + JOBS + "    wher: a = 1\n", 9, "tables.jobs.wher", "did you mean `where`?"),
        (HEAD.replace("{}", "{mail: m}") + JOBS, 3, "users.mail", "did you mean `email`?"),
        (column("a: {type: text, defualt: x}"), 5, "tables.items.columns.a.defualt", "did you mean `default`?"),
        (
            column("a: {type: uuid, references: {table: jobs, matches: x}}"),
            5,
            "tables.items.columns.a.references.matches",
            "did you mean `match`?",
        ),
        (HEAD + JOBS + "    id: {rul: keep}\n", 9, "tables.jobs.id.rul", "did you mean `rule`?"),
        (HEAD + JOBS + "    checks: {sums: [status]}\n", 9, "tables.jobs.checks.sums", "did you mean `sum`?"),
    ],
)
def test_an_unknown_key_is_refused_with_a_suggestion(text: str, line: int, path: str, hint: str) -> None:
    error = fault(text)
    assert (error.line, error.path, error.problem) == (line, path, f"is not a key of this section; {hint}")


def test_an_unknown_key_that_resembles_none_lists_what_is_known() -> None:
    error = fault(HEAD + JOBS + "    zip: x\n")
    assert error.problem == (
        "is not a key of this section; known are checks, columns, created, id, key, optional, owner, references, source, target, where"
    )


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        (f"{HEAD}  accounts:\n    owner: none\n    wher: x\n    columns: {{a: text}}\n", "did you mean `where`?"),
        (
            column("id: {type: text, defualt: x}, a: text", owner="none").replace("items: {", "items: {id: keep, "),
            "did you mean `default`?",
        ),
        (HEAD + JOBS + "    checks: {unique: [{columns: [status], severty: warn}]}\n", "did you mean `severity`?"),
        (HEAD + JOBS + "target: {markr: x}\n", "did you mean `marker`?"),
    ],
    ids=["table_named_as_a_section", "column_named_as_a_section", "list_item", "target_marker"],
)
def test_suggestions_come_from_the_section_that_the_key_stands_in(text: str, hint: str) -> None:
    assert fault(text).problem == f"is not a key of this section; {hint}"


@pytest.mark.parametrize(
    ("text", "hint"),
    [(column("a: {typ: text}"), "type"), (f"{HEAD}  a:\n    owner: none\n    colums: {{b: text}}\n", "columns")],
)
def test_a_mistyped_required_key_has_a_suggestion_too(text: str, hint: str) -> None:
    assert f"did you mean `{hint}`?" in fault(text).problem


@pytest.mark.parametrize(
    "text",
    [
        HEAD + JOBS + "digest: abc\n",
        HEAD + JOBS + "load_order: [jobs]\n",
        HEAD + JOBS + "    name: other\n",
        column("a: {type: text, from_: b}"),
    ],
    ids=["digest", "load_order", "name", "from_"],
)
def test_inner_names_are_no_keys_of_the_file(text: str) -> None:
    assert "is not a key of this section" in fault(text).problem


@pytest.mark.parametrize(
    ("text", "line", "path"),
    [
        (f"namespace: {NAMESPACE}\ntables:\n{JOBS}", 1, "source"),
        (f"source: {{}}\nnamespace: {NAMESPACE}\ntables:\n{JOBS}", 1, "source.timezone"),
        (f"source: {{timezone: UTC}}\ntables:\n{JOBS}", 1, "namespace"),
        (HEAD.removesuffix("tables:\n"), 1, "tables"),
        (HEAD + "  a: {columns: {b: text}}\n" + JOBS, 5, "tables.a.owner"),
        (HEAD + JOBS + "  a: {owner: none}\n", 9, "tables.a.columns"),
        (column("a: {from: b}"), 5, "tables.items.columns.a.type"),
    ],
)
def test_a_missing_key_is_named_with_the_line_of_its_section(text: str, line: int, path: str) -> None:
    error = fault(text)
    assert (error.line, error.path, error.problem) == (line, path, "is missing")


@pytest.mark.parametrize(
    ("text", "line", "path", "problem"),
    [
        (
            column("a: txt"),
            5,
            "tables.items.columns.a.type",
            "'txt' is no type; known are text, smallint, integer, bigint, numeric, money, real, double, boolean, date, "
            "time, timetz, timestamp, timestamptz, interval, uuid, json, jsonb, bytea, lists of them (`text[]`), and "
            "`input` for any other, whose text Postgres reads itself",
        ),
        (HEAD + JOBS + "    id: uuid4\n", 9, "tables.jobs.id.rule", "input should be 'uuid5' or 'keep', not 'uuid4'"),
        (
            HEAD + JOBS + "policy: {incomplete_users: wait}\n",
            9,
            "policy.incomplete_users",
            "input should be 'hold' or 'load', not 'wait'",
        ),
        (
            HEAD + JOBS + "accounts: {from: idp}\n",
            9,
            "accounts.from",
            "input should be 'auth' or 'profiles', not 'idp'",
        ),
        (column("a: {type: text, empty: ''}"), 5, "tables.items.columns.a.empty", "input should be 'null', not ''"),
        (
            column("a: {type: text, secret: yes}"),
            5,
            "tables.items.columns.a.secret",
            "input should be 'allowed', not 'yes'",
        ),
        (
            column("a: {type: uuid, references: {table: jobs, otherwise: wait}}"),
            5,
            "tables.items.columns.a.references.otherwise",
            "input should be 'quarantine', 'null' or 'keep', not 'wait'",
        ),
        (
            HEAD + JOBS + "    checks: {unique: [{columns: [status], severity: red}]}\n",
            9,
            "tables.jobs.checks.unique.0.severity",
            "input should be 'warn' or 'error', not 'red'",
        ),
    ],
)
def test_a_word_outside_the_choice_is_refused_with_the_choice(text: str, line: int, path: str, problem: str) -> None:
    error = fault(text)
    assert (error.line, error.path, error.problem) == (line, path, problem)


@pytest.mark.parametrize(
    ("text", "line", "path", "pattern"),
    [
        (HEAD.replace(NAMESPACE, "6f1c...") + JOBS, 2, "namespace", "valid UUID"),
        (HEAD + JOBS + "policy: {max_quarantined: few}\n", 9, "policy.max_quarantined", "valid integer"),
        (column("a: {type: text, required: maybe}"), 5, "tables.items.columns.a.required", "valid boolean"),
        (HEAD + "  jobs: everything\n", 5, "tables.jobs", "valid dictionary"),
        (HEAD + "  jobs: {owner: none, columns: [a, b]}\n", 5, "tables.jobs.columns", "valid dictionary"),
        (HEAD + JOBS + "    key: id\n", 9, "tables.jobs.key", "valid tuple"),
        (HEAD + JOBS + "policy: {triggers: {jobs: fir}}\n", 9, "policy.triggers", "'fire'"),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused(text: str, line: int, path: str, pattern: str) -> None:
    error = fault(text)
    assert error.line == line
    assert error.path.startswith(path)
    assert re.search(pattern, error.problem)


@pytest.mark.parametrize(("text", "number"), [("unlimited", None), ("0", 0), ("012", 12)])
def test_max_quarantined_is_a_number_or_unlimited(text: str, number: int | None) -> None:
    assert load(HEAD + JOBS + f"policy: {{max_quarantined: {text}}}\n").policy.max_quarantined == number


@pytest.mark.parametrize("text", ["true", "yes", "1"])
def test_switches_are_on_by_the_usual_words(text: str) -> None:
    assert load(column(f"a: {{type: text, required: {text}}}")).tables["items"].columns["a"].required is True


@pytest.mark.parametrize("zone", ["Europe/Atlantis", "CEST", "utc+2", "''", "../UTC", "Europe/Berlin x"])
def test_a_zone_that_iana_does_not_know_is_refused(zone: str) -> None:
    error = fault(HEAD.replace("UTC", zone) + JOBS)
    assert (error.line, error.path) == (1, "source.timezone")
    assert error.problem.endswith("is not an IANA time zone")


def test_a_region_is_no_zone() -> None:
    assert fault(HEAD.replace("UTC", "America") + JOBS).path == "source.timezone"


def test_a_zone_that_polars_cannot_read_is_refused() -> None:
    assert fault(HEAD.replace("UTC", "Factory") + JOBS).path == "source.timezone"


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "password_hash",
        "PASSWORD",
        "userPassword",
        "api_token",
        "access-token",
        "secret",
        "apikey",
        "stripeApiKey",
        "private_key",
        "otp",
        "session_id",
        "Session Id",
        "salt",
        "pin",
    ],
)
def test_a_column_that_looks_like_a_secret_stays_behind_unless_it_is_allowed(name: str) -> None:
    error = fault(column(f"'{name}': text"))
    assert (error.line, error.path) == (5, f"tables.items.columns.{name}")
    assert error.problem == f"{name!r} looks like a secret and stays behind; `secret: allowed` if it is none"
    assert "looks like a secret" in fault(column(f"harmless: {{type: text, from: '{name}'}}")).problem
    allowed = load(column(f"'{name}': {{type: text, secret: allowed}}")).tables["items"]
    assert allowed.columns[name].secret == "allowed"  # noqa: S105


SECRETS = (
    "auth cookie cookies credential credentials hash hashes key keys otp passphrase passwd password passwords pin pwd"
)
SECRETS += " salt secret secrets session sessions token tokens totp apikey"


@pytest.mark.parametrize("word", SECRETS.split())
def test_each_secret_word_is_seen_alone_and_within_a_name(word: str) -> None:
    names = (word, word.upper(), f"user_{word}", f"{word}_2", f"old-{word}.value", f"user{word.title()}")
    assert [name for name in names if not looks_secret(name)] == []


@pytest.mark.parametrize(
    "name", ["monkey", "keyboard", "hashtag", "passenger", "tokenizer", "opinion", "sessional", "secretary"]
)
def test_a_word_that_only_contains_a_secret_word_is_none(name: str) -> None:
    assert load(column(f"{name}: text")).tables["items"].columns[name].type == "text"


@pytest.mark.parametrize("name", ["password2", "APIToken", "OTPCode", "passwordhash", "sessionid"])
def test_common_spellings_of_secrets_are_seen(name: str) -> None:
    assert looks_secret(name)


@pytest.mark.parametrize(
    "text",
    [
        f"{HEAD}  items: {{owner: {{from: session_token, to: user_id}}, columns: {{a: text}}}}\n",
        f"{HEAD}  items: {{owner: none, key: [api_key], columns: {{a: text}}}}\n",
    ],
    ids=["owner", "key"],
)
def test_an_owner_or_key_column_that_looks_like_a_secret_is_refused(text: str) -> None:
    assert "looks like a secret" in fault(text).problem


def test_a_key_column_that_the_spec_allows_is_no_secret() -> None:
    columns = "{api_key: {type: text, secret: allowed}}"
    assert load(f"{HEAD}  items: {{owner: none, key: [api_key], columns: {columns}}}\n").tables["items"].key == (
        "api_key",
    )


def test_from_and_expr_exclude_each_other() -> None:
    assert fault(column("a: {type: text, from: b, expr: c}")).problem == "`from` and `expr` exclude each other"


@pytest.mark.parametrize(
    ("owner", "problem"),
    [
        ("{from: user_id}", "`to` is missing: the target column that takes the account's id"),
        ("{from: user_id, via: a, to: user_id}", "`from` and `via` exclude each other"),
        ("{via: a}", "`via: a` needs a column of that name with `references` to an owned table"),
        ("{via: b}", "`via: b` needs a column of that name with `references` to an owned table"),
        ("{via: u}", "`via: u` needs a column of that name with `references` to an owned table"),
        ("{via: lookup}", "lookups has no owner itself"),
        ("{via: lax}", "`via: lax` cannot be optional: without it the row is nobody's"),
    ],
)
def test_an_owner_that_leads_nowhere_is_refused(owner: str, problem: str) -> None:
    columns = (
        "a: text, u: {type: uuid, references: {table: users}}, lookup: {type: uuid, references: {table: lookups}}, "
        "lax: {type: uuid, references: {table: jobs, otherwise: 'null'}}"
    )
    lookups = "  lookups: {owner: none, columns: {a: text}}\n"
    error = fault(column(columns, parents=JOBS + lookups, owner=owner))
    assert (error.line, error.path, error.problem) == (5, "tables.items.owner", problem)


@pytest.mark.parametrize("owner", ["", "{}", "{to: user_id}", "{from: '', to: user_id}"])
def test_an_owner_that_names_nobody_is_not_taken_for_none(owner: str) -> None:
    # `{to: user_id}` without `from` would load everybody's rows with user_id NULL, as lookup data.
    assert fault(f"{HEAD}  items:\n    owner: {owner}\n    columns: {{a: text}}\n").path.startswith(
        "tables.items.owner"
    )


def test_owners_need_users() -> None:
    error = fault((HEAD + JOBS).replace("users: {}\n", ""))
    assert error.problem == "needs a `users:` section; a spec without users has only `owner: none`"
    assert error.path == "tables.jobs.owner"


def test_lookup_tables_alone_need_no_users() -> None:
    spec = load((HEAD + "  a: {owner: none, columns: {b: text}}\n").replace("users: {}\n", ""))
    assert (spec.users, spec.owned, spec.unowned) == (None, (), ("a",))


@pytest.mark.parametrize(
    ("reference", "path", "problem"),
    [
        (
            "type: uuid, references: {table: job}",
            ".references.table",
            "'job' is neither a table of this spec nor `users`",
        ),
        (
            "type: bigint, references: {table: jobs}",
            "",
            "refers to jobs, whose ids become UUIDs; its type is uuid or text",
        ),
        ("type: text, references: {table: users}", ".references", "to users needs a `users:` section and type uuid"),
        (
            "type: uuid, references: {table: users, otherwise: keep}",
            ".references",
            "`otherwise: keep` cannot keep a legacy user id as an account id",
        ),
        ("type: uuid, references: {table: jobs, otherwise: keep}", ".references", "`otherwise: keep` needs type text"),
        ("type: uuid, references: {table: jobs, match: '('}", ".references.match", "is not a regular expression"),
        ("type: uuid, references: {table: jobs, match: 'job_(.*)'}", ".references.match", "has no group (?P<id>...)"),
    ],
)
def test_a_reference_that_cannot_be_followed_is_refused(reference: str, path: str, problem: str) -> None:
    error = fault(column(f"job: {{{reference}}}"))
    assert (error.line, error.path) == (5, f"tables.items.columns.job{path}")
    assert error.problem.startswith(problem)


def test_a_pattern_that_polars_lacks_is_refused_when_the_spec_is_read() -> None:
    error = fault(column("job: {type: uuid, references: {table: jobs, match: '(?=job)(?P<id>.+)'}}"))
    assert error.path == "tables.items.columns.job.references.match"


def test_a_second_user_needs_users() -> None:
    text = column("u: {type: uuid, references: {table: users}}", parents="", owner="none").replace("users: {}\n", "")
    assert fault(text).problem == "to users needs a `users:` section and type uuid"


def test_a_table_without_owner_cannot_refer_to_an_owned_one() -> None:
    error = fault(column("job: {type: uuid, references: {table: jobs}}", owner="none"))
    assert (error.line, error.path) == (5, "tables.items.columns.job.references")
    assert error.problem == "a table without owner cannot refer to jobs, whose rows arrive user by user"


def test_an_owned_table_may_refer_to_one_without_owner() -> None:
    lookups = "  lookups: {owner: none, id: keep, columns: {a: text}}\n"
    spec = load(column("lookup: {type: bigint, references: {table: lookups}}", parents=lookups))
    assert spec.load_order == ("lookups", "items")


def test_tables_that_refer_to_one_another_in_a_circle_stand_together() -> None:
    tables = "".join(
        f"  {name}: {{owner: user_id, columns: {{r: {{type: uuid, references: {{table: {other}}}}}}}}}\n"
        for name, other in (("z", "a"), ("a", "b"), ("b", "c"), ("c", "a"))
    )
    spec = load(HEAD + tables)
    assert (spec.circles, spec.load_order) == ((("a", "b", "c"),), ("a", "b", "c", "z"))


def test_in_a_circle_the_way_to_the_owner_comes_first() -> None:
    posts = "  posts: {owner: user_id, columns: {best: {type: uuid, references: {table: comments}}}}\n"
    comments = "  comments: {owner: {via: post}, columns: {post: {type: uuid, references: {table: posts}}}}\n"
    assert load(HEAD + comments + posts).load_order == ("posts", "comments")


def test_an_owner_that_is_looked_for_in_a_circle_is_nobody() -> None:
    one = "  a: {owner: {via: r}, columns: {r: {type: uuid, references: {table: b}}}}\n"
    two = "  b: {owner: {via: r}, columns: {r: {type: uuid, references: {table: a}}}}\n"
    assert fault(HEAD + one + two).problem == "leads round in a circle and to no user: a -> b -> a"
    assert "a -> a" in fault(HEAD + one.replace("table: b", "table: a")).problem


def test_the_load_order_puts_parents_first_and_otherwise_keeps_the_files_order() -> None:
    def table(name: str, *parents: str) -> str:
        columns = [f"r{n}: {{type: uuid, references: {{table: {parent}}}}}" for n, parent in enumerate(parents)]
        return f"  {name}: {{owner: user_id, columns: {{{', '.join([*columns, 'a: text'])}}}}}\n"

    tables = [table("e", "d", "users"), table("b", "c"), table("d", "c"), table("a"), table("c", "f", "a"), table("f")]
    spec = load(HEAD + "".join(tables))
    assert spec.load_order == ("f", "a", "c", "d", "e", "b")
    assert list(spec.tables) == ["e", "b", "d", "a", "c", "f"]


def test_owned_and_unowned_tables_are_told_apart_in_load_order() -> None:
    lookups = "  lookups: {owner: none, columns: {a: text}}\n"
    via = "  parts: {owner: {via: job}, columns: {job: {type: uuid, references: {table: jobs}}}}\n"
    spec = load(HEAD + via + JOBS + lookups)
    assert (spec.owned, spec.unowned) == (("jobs", "parts"), ("lookups",))


@pytest.mark.parametrize(
    "name", ["users", "Jobs", "1jobs", "_jobs", "my-jobs", "jöbs", "a" * 60, "order items", "jobs\u200b"]
)
def test_a_table_key_that_postgres_or_the_ui_would_change_is_refused(name: str) -> None:
    error = fault(f"{HEAD}  '{name}': {{owner: none, columns: {{a: text}}}}\n")
    assert (error.line, error.path) == (5, f"tables.{name}")
    assert error.problem.endswith("the old name goes to source")


def test_a_table_key_of_59_letters_is_taken() -> None:
    assert load(f"{HEAD}  {'a' * 59}: {{owner: none, columns: {{a: text}}}}\n").load_order == ("a" * 59,)


@pytest.mark.parametrize("target", ["a.b.c", ".jobs", "public.", "."])
def test_a_target_that_is_not_schema_and_table_is_refused(target: str) -> None:
    error = fault(HEAD + JOBS + f"    target: {target}\n")
    assert (error.line, error.path) == (9, "tables.jobs.target")
    assert error.problem == f"{target!r} is not schema.table"


@pytest.mark.parametrize("name", ["a" * 64, "é" * 32])
def test_a_name_longer_than_63_bytes_is_refused(name: str) -> None:
    problem = "is longer than 63 bytes, where Postgres cuts names"
    assert fault(column(f"{name}: text")).problem == problem
    assert fault(HEAD + JOBS + f"    id: {{to: {name}}}\n").problem == problem
    assert fault(f"{HEAD}  items: {{owner: {{from: u, to: {name}}}, columns: {{a: text}}}}\n").problem == problem


@pytest.mark.parametrize("name", ["a" * 63, "é" * 31 + "a"])
def test_a_name_of_63_bytes_is_taken(name: str) -> None:
    assert name in load(column(f"{name}: text")).tables["items"].columns


@pytest.mark.parametrize(
    "name", ["_legacy_id", "_new_id", "_legacy_user_id", "_account_id", "_wave", "_reason", "_state"]
)
def test_the_staging_tables_own_names_are_refused(name: str) -> None:
    problem = "is a name that the staging tables need themselves"
    assert fault(column(f"{name}: text")).problem == problem
    assert fault(HEAD + JOBS + f"    id: {{to: {name}}}\n").problem == problem
    assert fault(f"{HEAD}  items: {{owner: {{from: u, to: {name}}}, columns: {{a: text}}}}\n").problem == problem


@pytest.mark.parametrize("name", ["_ref0", "_raw0"])
def test_the_names_of_reference_columns_are_refused(name: str) -> None:
    text = "job: {{type: text, references: {{table: jobs, match: 'j(?P<id>.)', otherwise: keep}}}}, {}: text"
    assert "staging tables need" in fault(column(text.format(name))).problem


@pytest.mark.parametrize("name", ["_key", "_classes"])
def test_the_exports_own_headers_are_no_legacy_columns(name: str) -> None:
    assert fault(column(f"a: {{type: text, from: {name}, secret: allowed}}")).path == "tables.items.columns.a"


@pytest.mark.parametrize(
    ("rest", "part"), [("owner: {from: _classes, to: user_id}", "owner"), ("owner: none, key: [_classes]", "key")]
)
def test_the_exports_own_headers_are_no_owner_and_no_key(rest: str, part: str) -> None:
    assert fault(f"{HEAD}  items: {{{rest}, columns: {{a: text}}}}\n").path == f"tables.items.{part}"


def test_a_column_that_takes_the_new_id_or_the_account_is_not_named_again() -> None:
    assert fault(column("id: uuid")).problem == "takes the new id already; leave it out or use `id: keep`"
    assert fault(column("user_id: uuid")).problem == "takes the owner's account id already; leave it out"


def test_the_new_id_and_the_account_do_not_go_to_one_column() -> None:
    assert fault(column("a: text", owner="id")).path.startswith("tables.items")


@pytest.mark.parametrize(
    ("checks", "path", "problem"),
    [
        ("{sum: [b]}", "sum", "names 'b', which is no column of this table"),
        ("{sum: [a]}", "sum", "cannot add up 'a', which is no number"),
        ("{unique: [{columns: [a]}, {columns: [n, b]}]}", "unique", "names 'b', which is no column of this table"),
    ],
)
def test_a_check_that_cannot_be_made_is_refused(checks: str, path: str, problem: str) -> None:
    error = fault(f"{HEAD}  items:\n    owner: none\n    columns: {{a: text, n: integer}}\n    checks: {checks}\n")
    assert (error.line, error.path, error.problem) == (8, f"tables.items.checks.{path}", problem)


@pytest.mark.parametrize("type_name", ["integer", "bigint", "numeric", "double"])
def test_numbers_can_be_added_up(type_name: str) -> None:
    text = f"{HEAD}  items: {{owner: none, columns: {{n: {type_name}}}, checks: {{sum: [n]}}}}\n"
    assert load(text).tables["items"].checks.sum == ("n",)


def test_profiles_prove_nothing_unless_the_operator_accepts_that() -> None:
    error = fault(HEAD + JOBS + "accounts: {from: profiles}\n")
    assert (error.line, error.path) == (9, "accounts.from")
    assert "accept_unconfirmed: true" in error.problem
    assert load(HEAD + JOBS + "accounts: {from: profiles, accept_unconfirmed: true}\n").accounts.from_ == "profiles"


def test_a_spec_without_tables_is_refused() -> None:
    assert str(fault(HEAD + "  {}\n")) == "migration.yaml:4: tables: names no table; see `etl-assets spec tables`"


def test_autoconfirmed_addresses_are_trusted_only_by_the_operators_word() -> None:
    assert not load(HEAD + JOBS).accounts.trust_autoconfirm
    assert load(HEAD + JOBS + "accounts: {trust_autoconfirm: true}\n").accounts.trust_autoconfirm


@pytest.mark.parametrize(
    ("options", "path", "problem"),
    [
        (
            "type: timestamptz, unit: h",
            ".unit",
            "input should be 's', 'ms', 'us', 'ns', 'julian', 'ticks', 'coredata' or 'webkit', not 'h'",
        ),
        ("type: text, unit: s", ".unit", "is for columns of type timestamptz or timestamp or date or interval"),
        ("type: integer, format: '%Y'", ".format", "needs exactly one month (%m or %b or %B)"),
        ("type: text, format: '%Y-%m-%d'", ".format", "is for columns of type timestamptz or timestamp or date"),
        ("type: date, format: '%d/%m/%q'", ".format", "has the directive '%q', unknown or twice; known are"),
        ("type: date, format: '%d/%m/%d'", ".format", "has the directive '%d', unknown or twice; known are"),
        ("type: timestamptz, format: '%d/%m/%y %I:%M'", ".format", "%I and %p go together"),
        ("type: timestamptz, format: '%d/%m/%y %M'", ".format", "has minutes without hours"),
        ("type: timestamptz, format: '%d/%m/%y %H:%M.%f'", ".format", "has a fraction (%f) without seconds"),
        ("type: timestamptz, ambiguous: both", ".ambiguous", "input should be 'earliest' or 'latest', not 'both'"),
        ("type: date, ambiguous: latest", ".ambiguous", "is for columns of type timestamptz or timestamp"),
        ("type: timestamptz, target_timezone: UTC", ".target_timezone", "is for columns of type timestamp"),
        ("type: timestamp, timezone: Mars/Olympus", ".timezone", "'Mars/Olympus' is not an IANA time zone"),
        ("type: interval, unit: julian", ".unit", "of an interval is s, ms or us"),
        ("type: text, split: ','", ".split", "is for lists, such as `text[]`"),
        ("type: integer, round: true", ".round", "is for columns of type timestamptz or timestamp or date or time"),
        ("type: uuid, encoding: utf8", ".encoding", "'utf8' is not `guid`"),
        ("type: text, encoding: klingon", ".encoding", "'klingon' is no text encoding; a usual one is `cp1252`"),
        ("type: text, encoding: base64", ".encoding", "'base64' is no text encoding"),
        ("type: bytea, encoding: cp1252", ".encoding", "'cp1252' is none of hex, base64, utf8"),
        ("type: jsonb, encoding: cp1252", ".encoding", "is for columns of type text or bytea or uuid"),
    ],
)
def test_an_option_that_cannot_be_meant_is_refused(options: str, path: str, problem: str) -> None:
    error = fault(column(f"a: {{{options}}}"))
    assert (error.line, error.path) == (5, f"tables.items.columns.a{path}")
    assert problem in error.problem


@pytest.mark.parametrize(
    "options",
    [
        "type: timestamptz, unit: ms",
        "type: date, unit: julian",
        "type: timestamptz, format: '%d/%m/%Y %I:%M %p'",
        "type: date, format: '%d-%b-%y'",
        "type: timestamptz, ambiguous: earliest",
        "type: text, encoding: cp1252",
        "type: bytea, encoding: base64",
        "type: bytea",
    ],
)
def test_options_of_values_are_read(options: str) -> None:
    assert load(column(f"a: {{{options}}}")).tables["items"].columns["a"].type in options


def test_what_is_not_built_yet_may_be_switched_off_by_name() -> None:
    assert load(HEAD + JOBS + "accounts: {trust_autoconfirm: false}\n").digest == load(HEAD + JOBS).digest


def test_columns_may_have_the_names_of_keys_that_are_not_built() -> None:
    columns = (
        load(column("unit: text, format: text, ambiguous: text, encoding: {type: text, from: balances}"))
        .tables["items"]
        .columns
    )
    assert list(columns) == ["unit", "format", "ambiguous", "encoding"]


def test_the_default_spec_loads_and_is_the_guides() -> None:
    spec = load(DEFAULT_SPEC.read_text(encoding="utf-8"))
    assert spec.load_order == spec.owned == ("jobs", "credit_transactions", "artifacts")
    assert spec.tables["artifacts"].owner.via == "job_id"
    assert spec.tables["credit_transactions"].checks.sum == ("amount",)


@pytest.mark.skipif(not DESIGN.exists(), reason="the design is not beside this checkout")
def test_the_example_of_the_design_loads() -> None:
    example = (
        DESIGN.read_text(encoding="utf-8").partition("## The spec")[2].partition("```yaml\n")[2].partition("```")[0]
    )
    assert "6f1c..." in example
    spec = load(example.replace("6f1c...", NAMESPACE))
    assert spec.load_order == ("jobs", "credit_transactions")
    assert spec.target.marker == "myapp-prod"
    assert spec.users is not None
    assert spec.users.verified == "email_verified"
    jobs, transactions = spec.tables["jobs"], spec.tables["credit_transactions"]
    assert jobs.columns["status"].map == {"done": "completed"}
    assert jobs.columns["metadata"].default == "{}"
    assert jobs.references["reviewer_id"].unresolved == "wait"
    assert transactions.references["job_id"].otherwise == "null"
    assert transactions.checks.unique[0].severity == "warn"


def test_comments_order_and_short_forms_leave_the_digest_alone() -> None:
    one = HEAD + "  a: {owner: none, columns: {x: text, y: integer}}\n" + JOBS
    other = (
        f"# Another hand.\nnamespace: '{NAMESPACE.upper()}'  # the same\ntables:\n{JOBS}"
        "  a:\n    target: public.a\n    id: uuid5\n    owner: none\n    columns: {y: {type: integer}, x: text}\n"
        "users: {table: users}\nsource:\n  timezone: UTC\n"
    )
    assert load(one).digest == load(other).digest
    assert re.fullmatch("[0-9a-f]{64}", load(one).digest)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("UTC", "Europe/Berlin"),
        (NAMESPACE, NAMESPACE.replace("8f0c", "8f0d")),
        ("users: {}", "users: {email: mail}"),
        ("  jobs:", "  tasks:"),
        ("status: text", "status: {type: text, from: state}"),
        ("status: text", "status: {type: text, default: x}"),
        ("status: text", "status: {type: text, map: {a: b}}"),
        ("status: text", "status: integer"),
        ("owner: user_id", "owner: {from: user_id, to: account_id}"),
        ("owner: user_id", "owner: user_id\n    where: a = 1"),
        ("owner: user_id", "owner: user_id\n    key: [a, b]"),
        ("owner: user_id", "owner: user_id\n    id: keep"),
        ("users: {}", "users: {}\npolicy: {incomplete_users: load}"),
        ("users: {}", "users: {}\ntarget: {marker: x}"),
    ],
)
def test_the_digest_changes_with_the_meaning(old: str, new: str) -> None:
    text = HEAD + JOBS
    assert old in text
    assert load(text.replace(old, new)).digest != load(text).digest


def test_the_order_of_a_composed_key_is_part_of_the_digest() -> None:
    digests = {load(f"{HEAD}{JOBS}    key: [{key}]\n").digest for key in ("a, b", "b, a")}
    assert len(digests) == 2


@pytest.mark.parametrize(
    ("references", "problem"),
    [
        ("{match: '(?P<id>.)'}", "names a `table`, or says `by` which column which of several `tables` is meant"),
        ("{by: kind}", "names a `table`, or says `by` which column which of several `tables` is meant"),
        ("{by: kind, tables: {a: jobs}, table: jobs}", "names a `table`, or says"),
        ("{by: kind, tables: {a: jobs}, match: '(?P<id>.)'}", "`match` is for one `table`"),
        ("{by: kind, tables: {a: users}}", "a second user cannot be one of several"),
        ("{by: password, tables: {a: jobs}}", "'password' looks like a secret"),
        ("{by: kind, tables: {a: nowhere}}", "'nowhere' is neither a table of this spec nor `users`"),
    ],
)
def test_a_reference_names_one_table_or_the_column_that_says_which(references: str, problem: str) -> None:
    assert problem in fault(column(f"a: {{type: uuid, references: {references}}}")).problem


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (column("a: {type: text, unit: s}"), "tables.columns.unit"),
        (column("a: {type: text, unti: s}"), "tables.columns"),
        (column("a: {type: text, map: [a]}"), "tables.columns.map"),
        (column("a: {type: uuid, references: {table: none}}"), "tables.columns.references.table"),
        (HEAD + JOBS + "polcy: {}\n", ""),
        (HEAD + JOBS + "policy: {triggers: never}\n", "policy.triggers"),
        (HEAD + JOBS.replace("owner: user_id", "owner: {via: b}"), "tables.owner"),
    ],
)
def test_a_mistake_says_where_the_key_is_explained(text: str, key: str) -> None:
    words = str(fault(text))
    assert (
        words.endswith((f"; see `etl-assets spec {key}`", f"? See `etl-assets spec {key}`."))
        if key
        else "etl-assets" not in words
    )


def test_every_place_of_the_spec_is_explained() -> None:
    """What a mistake points at is a key of the page, and the one that it is about."""
    for place, section in SECTIONS.items():
        for name, field in section.model_fields.items():
            path = (*(word if word != "*" else "0" for word in place), field.alias or name)
            key = _explained_by(path)
            assert (key.split(".")[-1] == path[-1]) is (path[-1] not in INNER_KEYS), path
            if path[-1] in INNER_KEYS or (place[:1] == ("profile",) and path[-1] in OF_TABLES_ALONE):
                continue  # what the loader fills in, and what is refused there: the section is pointed at
            headings = re.findall(r"^### `(.+)`$", about(key), re.MULTILINE)
            assert headings[0].split(".")[-1] == path[-1], path


@pytest.mark.parametrize("word", ["encoding: guid", 'expr: "lower(id)"', "map: {a: b}"])
def test_a_kept_id_says_its_type_alone(word: str) -> None:
    items = f"{HEAD}  items: {{owner: none, id: keep, columns: {{id: {{type: uuid, {word}}}}}}}\n"
    assert "the id is the legacy key as it stands" in fault(items).problem
    assert load(items.replace(f", {word}", ", from: id")).tables["items"].loaded_columns == ("id",)
