"""The section of the legacy users, and what an operator has to decide about them."""

from etl_assets.init.asking.answers import USERS_SUBJECT, VERIFIED_SUBJECT, Answers
from etl_assets.init.draft import Ask, DraftUsers
from etl_assets.init.judging.people import UsersTable, created_of, is_time_of_verifying
from etl_assets.init.judging.secrets import is_secret, secrets_of
from etl_assets.init.table_facts import DatabaseFacts, TableFacts
from etl_assets.model.words import counted
from etl_assets.spec.model import NO_COLUMN


def users_section(users: UsersTable, facts: DatabaseFacts, answers: Answers) -> DraftUsers:
    """What is known of the users, with the evidence: address, verification, sign-up, and which secrets stay."""
    table = next(table for table in facts.tables if table.name == users.table)
    if users.filled:
        notes = [f"{users.addresses:,} of {counted(users.filled, 'value')} of {users.email} look like addresses"]
    else:
        notes = ["no rows yet: recognised by its names alone"]
    notes += users.notes
    if users.others:
        notes.append(f"Other columns of addresses: {', '.join(users.others)}")
    leaving = {users.id, users.email, users.verified}
    others = [name for name in table.columns if name not in leaving and not is_secret(table, name)]
    created = created_of(table)
    if not created:
        notes.append(
            "No column says when somebody signed up: if SQLite hands a deleted user's id out again, nothing but the "
            "address tells the two apart. Name one, `created: COLUMN`, where there is one"
        )
    if others:
        notes.append(
            "The table itself is not migrated: people sign up anew on the target. To bring its other columns "
            f"({', '.join(others)}), add a table of another name below, with `source: {users.table}` and "
            f"`owner: {{from: {users.id}, to: ...}}`."
        )
    secrets = secrets_of(table)
    if secrets:
        notes.append(f"Left behind as secrets: {', '.join(secrets)}")
    asks = tuple(ask for ask in _asks_of_users(users, table, facts) if ask.subject not in answers)
    return DraftUsers(
        users.table,
        users.id,
        users.email,
        users.verified,
        table.rows,
        created,
        tuple(notes),
        asks,
        addresses=users.addresses,
        filled=users.filled,
    )


def _asks_of_users(users: UsersTable, table: TableFacts, facts: DatabaseFacts) -> tuple[Ask, ...]:
    asks = []
    mine = f"{users.table}.{users.email}"
    if users.doubtful:
        rivals = [other for other in users.others if other != mine]
        also = f", not {' or '.join(rivals)}" if rivals else ""
        evidence = tuple(_evidence(other, facts) for other in (mine, *rivals))
        choices = (mine, *rivals, NO_COLUMN)
        asks.append(Ask(USERS_SUBJECT, f"Are the app's users those of {mine}{also}?", choices, evidence))
    verified = table.columns[users.verified] if users.verified else None
    if verified is None or is_time_of_verifying(verified):
        return tuple(asks)
    zeros = verified.zeros if verified.zeros_and_ones == verified.integers == verified.filled else 0
    if table.rows and zeros == verified.filled:
        words = f"{verified.name} says of nobody that the address is verified, so nobody could claim. Is it kept?"
        evidence = (f"{zeros:,} of {counted(table.rows, 'user')} have 0, {table.rows - zeros:,} nothing",)
        asks.append(Ask(VERIFIED_SUBJECT, words, (verified.name, NO_COLUMN), evidence))
    return tuple(asks)


def _evidence(place: str, facts: DatabaseFacts) -> str:
    for table in facts.tables:
        column = table.columns.get(place.removeprefix(f"{table.name}."))
        if place.startswith(f"{table.name}.") and column is not None:
            refer = sum(any(key.table == table.name for key in other.foreign_keys) for other in facts.tables)
            words = f"{place}: {column.emails:,} of {counted(column.filled, 'value')} are addresses"
            return f"{words}, {counted(refer, 'table')} refer{'s' if refer == 1 else ''} to it"
    return place
