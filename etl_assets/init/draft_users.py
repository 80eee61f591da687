"""The section of the legacy users, and what an operator has to decide about them."""

from etl_assets.init.draft import Ask, DraftUsers
from etl_assets.init.judging.people import UsersTable, created_of, is_time_of_verifying
from etl_assets.init.judging.secrets import is_secret, secrets_of
from etl_assets.init.table_facts import DatabaseFacts, TableFacts
from etl_assets.model.words import counted


def users_section(users: UsersTable, facts: DatabaseFacts) -> DraftUsers:
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
    asks = _asks_of_users(users, table)
    return DraftUsers(users.table, users.id, users.email, users.verified, table.rows, created, tuple(notes), asks)


def _asks_of_users(users: UsersTable, table: TableFacts) -> tuple[Ask, ...]:
    asks = []
    mine = f"{users.table}.{users.email}"
    if users.doubtful:
        rivals = [other for other in users.others if other != mine]
        also = f", not {' or '.join(rivals)}" if rivals else ""
        asks.append(Ask("table", f"Are the app's users those of {mine}{also}?", (mine, *rivals)))
    verified = table.columns[users.verified] if users.verified else None
    if verified is not None and verified.filled and not is_time_of_verifying(verified):
        ones = verified.zeros_and_ones and verified.integers == verified.filled
        if ones and verified.zeros == verified.filled:
            words = f"{verified.name} says of nobody that the address is verified, so nobody could claim. Is it kept?"
            asks.append(Ask("verified", words, (verified.name, "none")))
    elif verified is not None and not verified.filled and table.rows:
        words = f"{verified.name} is empty: of nobody is the address verified, so nobody could claim. Is it kept?"
        asks.append(Ask("verified", words, (verified.name, "none")))
    return tuple(asks)
