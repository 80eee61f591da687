"""One awkward legacy app, each row with the fault that it carries, and what the books must say of it."""

from etl_assets_tests.world import AT, World

LEGACY = f"""
INSERT INTO users VALUES
    (1, 'ann@example.com', 'CANARY_HASH', '{AT}'),      -- confirmed: resolved
    (2, ' Bob@Example.COM ', 'CANARY_HASH', '{AT}'),    -- confirmed under bob@example.com: resolved
    (3, 'cat@example.com', NULL, '{AT}'),               -- signed up, not confirmed: unconfirmed
    (4, 'dan@example.com', NULL, '{AT}'),               -- no account: waiting
    (5, 'eve@example.com', NULL, '{AT}'),               -- shares the address with 6: ambiguous
    (6, 'EVE@example.com', NULL, '{AT}'),
    (7, 'fay@example.com', NULL, '{AT}'),               -- confirmed, but has a quarantined row: held
    (8, NULL, NULL, '{AT}'),                            -- no_email
    (9, 'kate' || char(8490) || '@example.com', NULL, '{AT}');   -- Kelvin sign: invalid_email
INSERT INTO jobs VALUES
    (1, 1, 'export', 'done', '{AT}', NULL, 'a.wav', NULL, '{{"a": 1}}'),        -- loads
    (2, 2, 'export', 'done', '{AT}', '2024-05-06T07:08:09.123456Z', '', NULL, NULL),   -- loads, '' stays ''
    (3, 3, 'export', 'done', '{AT}', NULL, NULL, NULL, NULL),   -- waits
    (4, 4, 'export', 'done', '{AT}', NULL, NULL, NULL, NULL),   -- waits
    (5, 99, 'export', 'done', '{AT}', NULL, NULL, NULL, NULL),  -- owner_unknown
    (6, NULL, 'export', 'done', '{AT}', NULL, NULL, NULL, NULL),-- owner_missing
    (7, 7, 'export', 'done', 'last tuesday', NULL, NULL, NULL, NULL),   -- not_iso_8601
    (8, 8, 'export', 'done', '{AT}', NULL, NULL, NULL, NULL);   -- waits
INSERT INTO credit_transactions VALUES
    (1, 1, 100, 'purchase', 'pi_1', '{AT}', 'x'),
    (2, 1, -30, 'usage', 'job_1', '{AT}', 'y'),
    (3, 2, 7, 'purchase', 'pi_1', '{AT}', 'same reference as 1'),
    (4, 4, 5, 'purchase', NULL, '{AT}', NULL);
INSERT INTO artifacts VALUES
    (1, 1, 'preview', 'a.png', 10, '{AT}'),     -- loads with job 1
    (2, 3, 'preview', 'b.png', 10, '{AT}'),     -- waits with job 3
    (3, 5, 'preview', 'c.png', 10, '{AT}'),     -- reference_quarantined: job 5 is nobody's
    (4, 7, 'preview', 'd.png', 10, '{AT}'),     -- reference_quarantined: job 7 has a bad value
    (5, 77, 'preview', 'e.png', 10, '{AT}');    -- reference_unknown
"""
BOOKS = {
    "jobs": {"source": 8, "loaded": 2, "waiting": 3, "quarantined": 3, "excluded": 0},
    "credit_transactions": {"source": 4, "loaded": 3, "waiting": 1, "quarantined": 0, "excluded": 0},
    "artifacts": {"source": 5, "loaded": 1, "waiting": 1, "quarantined": 3, "excluded": 0},
}
USERS = {
    "total": 9,
    "resolved": 2,
    "waiting": 1,
    "unconfirmed": 1,
    "ambiguous": 2,
    "held": 1,
    "invalid_email": 1,
    "no_email": 1,
}
CONFIRMED = ("ann@example.com", "bob@example.com", "eve@example.com", "fay@example.com", "kate@example.com")
UNCONFIRMED = ("cat@example.com",)
PRODUCTION = ("public.jobs", "public.credit_transactions", "public.artifacts")


def begin(world: World) -> None:
    """The app, and its users who have begun to come back."""
    world.legacy(LEGACY)
    world.sign_up(*CONFIRMED)
    world.sign_up(*UNCONFIRMED, confirmed=False)
