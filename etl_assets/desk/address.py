"""Where a browser opens the desk, and with which token; whoever says it need not be able to serve it."""

import secrets

HOST = "127.0.0.1"  # who reaches it from elsewhere comes through SSH
GIVEN = "ETL_DESK_TOKEN"  # the variable by which a token is handed on


def new_token() -> str:
    """A token that nobody guesses."""
    return secrets.token_urlsafe(24)


def address(port: int, token: str) -> str:
    """What a browser opens the first time."""
    return f"http://{HOST}:{port}/?token={token}"
