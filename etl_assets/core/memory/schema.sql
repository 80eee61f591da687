-- Schema `etl` on the target, made as a whole in one transaction, where it is not yet. Each table is written by one
-- module or room, which its `__init__` names.

-- A role that owns the schema already need not be allowed to make one, for which IF NOT EXISTS would ask.
DO $$BEGIN IF to_regnamespace('etl') IS NULL THEN CREATE SCHEMA etl; END IF; END$$;
-- Private by name and by grant: nobody but its owner gets in, and Supabase's Data API does not expose it. PUBLIC has no
-- rights on a new schema by default; said once more against databases where that was changed.
REVOKE ALL ON SCHEMA etl FROM PUBLIC;


-- Memory.

-- Facts that must never change once a row is loaded: namespace, marker, each table's id rule and key columns; and which
-- version of this file made the schema.
CREATE TABLE etl.meta (
    key text PRIMARY KEY,
    value text NOT NULL,
    written_at timestamptz NOT NULL DEFAULT clock_timestamp());

-- Who did what, when: appended to, never changed.
CREATE TABLE etl.audit_log (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    run text NOT NULL,
    role text NOT NULL DEFAULT current_user,
    action text NOT NULL,
    detail jsonb NOT NULL DEFAULT '{}');
CREATE INDEX audit_log_action ON etl.audit_log (action);

-- Even the owner meets this before changing the log.
CREATE FUNCTION etl.refuse_change() RETURNS trigger LANGUAGE plpgsql AS
$$BEGIN RAISE EXCEPTION 'etl.audit_log is append-only'; END$$;
CREATE TRIGGER audit_log_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON etl.audit_log
FOR EACH STATEMENT EXECUTE FUNCTION etl.refuse_change();

-- The books as they stood when the staging tables were dropped: nothing can be counted anew without them.
CREATE TABLE etl.final_books (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    run text NOT NULL,
    books jsonb NOT NULL);

-- What each staging table was made from; `source_rows` is SQLite's own count of the legacy table, `content` the sha256
-- of the export, `made_with` what else it hangs on: this program, corrections, the people who were forgotten, and claims.
-- `is_touched` says that somebody has written to the staging table since. `digest` is an order-free digest of the staging
-- rows as they were written, NULL where none was taken. `key_columns` are the legacy table's, NULL for users and where it
-- has none; `copied` is the sha256 of the legacy database whole as it was copied, NULL for users.
CREATE TABLE etl.staged (
    "table" text PRIMARY KEY,
    snapshot text NOT NULL,
    spec_digest text NOT NULL,
    target_digest text NOT NULL,
    source_rows bigint NOT NULL,
    staged_rows bigint NOT NULL,
    staged_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    content text NOT NULL DEFAULT '',
    made_with text NOT NULL DEFAULT '',
    is_touched boolean NOT NULL DEFAULT false,
    digest text,
    key_columns text[],
    copied text);


-- Writers take turns.

-- One row: the writers' epoch (see access/postgres/connection.py).
CREATE TABLE etl.writer (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    epoch bigint NOT NULL DEFAULT 0,
    run text,
    at timestamptz);
INSERT INTO etl.writer (only_one) VALUES (true);

-- An epoch for each lane of a turn (see access/postgres/lanes.py); a load makes those that its setting wants more.
CREATE TABLE etl.lanes (
    lane integer PRIMARY KEY,
    epoch bigint NOT NULL DEFAULT 0);
INSERT INTO etl.lanes (lane) VALUES (0), (1);


-- Users: who is who, and who may claim.

-- First whom the app knows and the account, then what claiming needs. A row is never deleted; a claim is never changed.
-- `seen_*` is what the latest snapshot says of the user, also after the claim: it counts again when the claim is taken
-- back. `created_value` is when the user signed up as the legacy app writes it, at the claim; `is_another` says that the
-- legacy id is another person's by now, or may be: what arrives under it waits for an operator's word. `since` is when
-- the user came into the present state. `held_wave` is the wave whose undoing put the user on hold: running that wave
-- again lets go. `claimed_by_operator` is why an operator gave the user to the account, where that was no matter of
-- addresses.
CREATE TABLE etl.legacy_user_map (
    legacy_user_id text PRIMARY KEY,
    email text,
    supabase_user_id uuid,
    created_at timestamptz,
    migrated_at timestamptz,
    email_key text,
    verified boolean NOT NULL DEFAULT true,
    held text,
    state text NOT NULL DEFAULT 'waiting',
    reason text,
    wave text,
    confirmed_at timestamptz,
    claimed_at timestamptz,
    claimed_by_run text,
    snapshot text,
    seen_email_key text,
    seen_created_at timestamptz,
    held_wave text,
    seen_email text,
    seen_verified boolean,
    since timestamptz NOT NULL DEFAULT clock_timestamp(),
    claimed_by_operator text,
    created_value text,
    seen_created_value text,
    is_another boolean NOT NULL DEFAULT false);
-- Claiming compares addresses; one account has one legacy user.
CREATE INDEX legacy_user_map_email_key ON etl.legacy_user_map (email_key);
CREATE INDEX legacy_user_map_account ON etl.legacy_user_map (supabase_user_id);
CREATE INDEX legacy_user_map_wave ON etl.legacy_user_map (wave);
-- The desk counts the users by state, and leafs through them.
CREATE INDEX legacy_user_map_state ON etl.legacy_user_map (state, since, legacy_user_id);

-- Sealed login waves. `loaded_at` says that everything that could be loaded then was; `staging` is the one it saw: late
-- rows are looked for only after another one. Until `verified_at` the wave is not finished, whatever was loaded. A wave
-- that was undone comes back when somebody runs it by hand.
CREATE TABLE etl.waves (
    wave text PRIMARY KEY,
    sealed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    users bigint NOT NULL,
    run text NOT NULL,
    loaded_at timestamptz,
    staging text,
    verified_at timestamptz,
    undone_at timestamptz);

-- The operator's claims file as it was read last. Without an account the line puts its user on hold. `seen_*` is whom
-- the line was about when it was first read: it speaks for that person, and for none to whom the legacy id is given later.
CREATE TABLE etl.claims (
    legacy_user_id text PRIMARY KEY,
    supabase_user_id uuid,
    reason text NOT NULL,
    seen_email text,
    seen_created_value text);


-- Staging: what cannot be loaded, and why.

-- One row per faulty cell of the staged snapshot.
CREATE TABLE etl.quarantine (
    "table" text NOT NULL,
    legacy_id text NOT NULL,
    legacy_user_id text,
    via_key text,
    "column" text NOT NULL,
    storage_class text NOT NULL,
    value text,
    rule text NOT NULL);
CREATE INDEX quarantine_row ON etl.quarantine ("table", legacy_id);
CREATE INDEX quarantine_user ON etl.quarantine (legacy_user_id);

-- Legacy rows that stay behind on purpose: `where` is not true, or they vanished before they were loaded.
CREATE TABLE etl.excluded (
    "table" text NOT NULL,
    legacy_id text NOT NULL,
    reason text NOT NULL,
    PRIMARY KEY ("table", legacy_id));

-- What the operator corrected in the staged snapshot, without the values; `found` says that the row is there.
CREATE TABLE etl.corrections (
    "table" text NOT NULL,
    legacy_id text NOT NULL,
    "column" text,
    reason text NOT NULL,
    found boolean NOT NULL);

-- Rows that the target refused when they were to be written, and the rule; they are quarantined for as long as the staged
-- row and the rules of the target are what they were then. Under `users`: what somebody's profile does not take.
CREATE TABLE etl.refused (
    "table" text NOT NULL,
    legacy_id text NOT NULL,
    legacy_user_id text,
    rule text NOT NULL,
    sqlstate text NOT NULL,
    row_digest uuid NOT NULL,
    facts text NOT NULL,
    run text NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY ("table", legacy_id));


-- The ledger: what was loaded under which id.

-- `digest` is that of the production row as it was read back (see core/links/binding.py), `xid` the transaction that wrote it. `created` is what the
-- legacy app said of when the row was made, as a hash of its text: a row of the same id that says otherwise is another.
CREATE TABLE etl.loaded (
    "table" text NOT NULL,
    legacy_id text NOT NULL,
    new_id text NOT NULL,
    legacy_user_id text,
    wave text,
    digest bigint NOT NULL,
    xid xid NOT NULL,
    created bigint,
    PRIMARY KEY ("table", legacy_id));
CREATE INDEX loaded_user ON etl.loaded (legacy_user_id);
-- Waves are written one after the other, so a BRIN index is enough, and adds almost nothing to a load.
CREATE INDEX loaded_wave ON etl.loaded USING brin (wave) WITH (autosummarize = on);

-- What a production row held before a changed legacy row was written over it (`on_change: update`): each column as
-- text, which reads back the same, jsonb's null and a double's -0 included. `filled` is what a column that the spec gained
-- later was given instead (core/backfill), of the columns in `content` alone; the digest is that of the ledger before.
CREATE TABLE etl.former (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    "table" text NOT NULL,
    legacy_id text NOT NULL,
    wave text,
    run text NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    digest bigint NOT NULL,
    content jsonb NOT NULL,
    filled jsonb);
CREATE INDEX former_row ON etl.former ("table", legacy_id);
CREATE INDEX former_wave ON etl.former (wave);

-- Legacy ids that were given to another row after a load: the id that this row has in production, and that of the first.
CREATE TABLE etl.reissued (
    "table" text NOT NULL,
    legacy_id text NOT NULL,
    new_id uuid NOT NULL,
    former_id uuid NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY ("table", legacy_id));

-- Rows that somebody had written to when an undo took them out on the operator's word: all that they held then.
CREATE TABLE etl.taken_out (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    "table" text NOT NULL,
    legacy_id text NOT NULL,
    legacy_user_id text,
    new_id text NOT NULL,
    run text NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    content jsonb NOT NULL);

-- What was read back last, for the runs that follow. `since` is when the oldest of it was.
CREATE TABLE etl.compared (
    "by" text PRIMARY KEY,
    run text NOT NULL,
    staging text NOT NULL,
    since timestamptz NOT NULL,
    tables jsonb NOT NULL);

-- What the report tells of the last verification, and of what the spec leaves in the legacy app: it needs no file.
CREATE TABLE etl.last_found (
    what text PRIMARY KEY,
    found jsonb NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp());


-- The books: what became of every legacy row.

-- A page of the books: of one user, how many rows of a table are in which state for which reason, as far as our own
-- tables decide it. Whether the account may hold rows is joined when a page is read, so that no claim or ban changes one.
-- `ready` rows wait for the account alone. Rows whose owner cannot be told are nobody's. `sums` are those of the spec's
-- money columns, in their order.
CREATE TABLE etl.book (
    "table" text NOT NULL,
    legacy_user_id text,
    state text NOT NULL,
    reason text,
    rows bigint NOT NULL,
    sums numeric[] NOT NULL);
CREATE INDEX book_user ON etl.book (legacy_user_id);
CREATE INDEX book_ready ON etl.book (legacy_user_id) WHERE state = 'ready';
CREATE INDEX book_conflicts ON etl.book (legacy_user_id) WHERE reason IN ('target_conflict', 'target_refused');

-- What the books say of a table beside its staged rows: the source, the ledger's rows, and rows that are not staged
-- because a value was refused, or because they were left out.
CREATE TABLE etl.totals (
    "table" text PRIMARY KEY,
    source bigint NOT NULL,
    loaded bigint NOT NULL,
    quarantined bigint NOT NULL,
    excluded bigint NOT NULL);

-- How many rows of the ledger each wave has brought.
CREATE TABLE etl.wave_totals (
    wave text PRIMARY KEY,
    rows bigint NOT NULL);

-- What the books were counted from, and whether a load has changed them since. Without its row they are void: whoever
-- needs them counts everything anew.
CREATE TABLE etl.counted (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    mark text NOT NULL,
    run text NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    is_carried boolean NOT NULL DEFAULT false);

-- Rules of the gate that held when a load asked them of everybody's staged rows, and what they were asked of. One that
-- did not hold has no line.
CREATE TABLE etl.verdicts (
    rule text NOT NULL,
    "table" text NOT NULL,
    mark text NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (rule, "table"));

-- A transaction that carries the books says so beforehand; whoever else writes, by hand too, voids them, and with
-- staging the verdicts.
CREATE FUNCTION etl.void_books() RETURNS trigger LANGUAGE plpgsql AS
$$BEGIN
    IF pg_catalog.current_setting('etl_assets.books', true) IS DISTINCT FROM 'carried' THEN
        DELETE FROM etl.counted;
        IF TG_TABLE_NAME NOT IN ('loaded', 'legacy_user_map') THEN
            DELETE FROM etl.verdicts;
        END IF;
        IF pg_catalog.left(TG_TABLE_NAME, 4) = 'stg_' THEN
            UPDATE etl.staged SET is_touched = true WHERE "table" = pg_catalog.substr(TG_TABLE_NAME, 5);
        END IF;
    END IF;
    RETURN NULL;
END$$;
CREATE TRIGGER voids_the_books AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON etl.loaded
FOR EACH STATEMENT EXECUTE FUNCTION etl.void_books();
CREATE TRIGGER voids_the_books AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON etl.quarantine
FOR EACH STATEMENT EXECUTE FUNCTION etl.void_books();
CREATE TRIGGER voids_the_books AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON etl.excluded
FOR EACH STATEMENT EXECUTE FUNCTION etl.void_books();
CREATE TRIGGER voids_the_books AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON etl.reissued
FOR EACH STATEMENT EXECUTE FUNCTION etl.void_books();
CREATE TRIGGER voids_the_books AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON etl.refused
FOR EACH STATEMENT EXECUTE FUNCTION etl.void_books();
-- Rows that name a second user wait for that account.
CREATE TRIGGER voids_the_books AFTER INSERT OR UPDATE OF supabase_user_id, is_another OR DELETE ON etl.legacy_user_map
FOR EACH STATEMENT EXECUTE FUNCTION etl.void_books();


-- Files.

-- The files that rows name: one line per row and column, of which path, for which account, and what became of it
-- (`stored`, `changed` where the old app has written to a stored one since, `absent` where the spec lets the row through
-- without it, or a reason for which it is quarantined). `value` is what the row gets, `etag` the store's mark of the object
-- as it was written, `mark` the old store's mark of the file as it was read, `wave` the wave that copied it.
CREATE TABLE etl.files (
    "table" text NOT NULL,
    "column" text NOT NULL,
    legacy_id text NOT NULL,
    legacy_user_id text NOT NULL,
    account uuid NOT NULL,
    wave text NOT NULL,
    entry text NOT NULL,
    named text NOT NULL,
    state text NOT NULL,
    source text,
    size bigint,
    sha256 text,
    key text,
    etag text,
    value text,
    mark text,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY ("table", legacy_id, "column"));
CREATE INDEX files_user ON etl.files (legacy_user_id);
CREATE INDEX files_missing ON etl.files ("table", legacy_user_id) WHERE state = 'file_missing';
CREATE TRIGGER voids_the_books AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON etl.files
FOR EACH STATEMENT EXECUTE FUNCTION etl.void_books();

-- Objects that no line of `etl.files` names: begun and not noted as stored yet, or stored and since replaced by another.
-- `value` is what the row was given, or would have been; `run` is whose work it was.
CREATE TABLE etl.loose_files (
    entry text NOT NULL,
    key text NOT NULL,
    "table" text NOT NULL,
    "column" text NOT NULL,
    legacy_id text NOT NULL,
    value text,
    run text NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (entry, key));


-- Balances, and the profile beside them.

-- What the staged snapshot says of each user's balances.
CREATE TABLE etl.legacy_balances (
    balance text NOT NULL,
    legacy_user_id text NOT NULL,
    amount numeric NOT NULL,
    PRIMARY KEY (balance, legacy_user_id));

-- Every change of ours to a balance: what the profile held before and after. Undo takes it back. `own` is what the
-- account's transactions came to beside the legacy app's when the amount was applied: a bonus among them.
CREATE TABLE etl.balances (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    balance text NOT NULL,
    legacy_user_id text NOT NULL,
    account uuid NOT NULL,
    wave text NOT NULL,
    run text NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    before numeric,
    amount numeric NOT NULL,
    after numeric NOT NULL,
    own numeric);
CREATE INDEX balances_user ON etl.balances (legacy_user_id);
CREATE INDEX balances_account ON etl.balances (account);

-- What the staged snapshot says of each user's profile beside the balances, as text of the column's type.
CREATE TABLE etl.legacy_profile (
    attribute text NOT NULL,
    legacy_user_id text NOT NULL,
    value text NOT NULL,
    PRIMARY KEY (attribute, legacy_user_id));

-- What each account's profile was given, once: what stood there before, and whether ours was written or theirs was kept.
CREATE TABLE etl.profile_values (
    attribute text NOT NULL,
    account uuid NOT NULL,
    legacy_user_id text NOT NULL,
    wave text NOT NULL,
    run text NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    before text,
    after text NOT NULL,
    is_written boolean NOT NULL,
    PRIMARY KEY (attribute, account));
CREATE INDEX profile_values_user ON etl.profile_values (legacy_user_id);

-- What the staged snapshot says of one user's balances and of the profile beside them, as one value.
CREATE FUNCTION etl.balances_digest(legacy_user_id text) RETURNS uuid LANGUAGE sql STABLE AS
$$SELECT md5(coalesce(string_agg(f.name || ' ' || f.value, ',' ORDER BY f.name), ''))::uuid
  FROM (SELECT g.balance, g.amount::text FROM etl.legacy_balances AS g WHERE g.legacy_user_id = $1
        UNION ALL
        SELECT v.attribute, v.value FROM etl.legacy_profile AS v WHERE v.legacy_user_id = $1) AS f (name, value)$$;


-- People who were forgotten.

-- Whom nobody may bring back: HMAC-SHA256 of the legacy user id under the key in etl.meta; who did it, when, and how
-- many rows went. `rows` never names one. Address and sign-up stand beside it as HMACs with the id: the next one to whom
-- SQLite gives the id is another person. So an id can stand here more than once.
CREATE TABLE etl.forgotten (
    keyed bytea NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    role text NOT NULL DEFAULT current_user,
    run text NOT NULL,
    rows jsonb NOT NULL DEFAULT '{}',
    by_address bytea,
    by_created bytea);
CREATE INDEX forgotten_keyed ON etl.forgotten (keyed);

-- Was the legacy user with this id forgotten? HMAC-SHA256 by hand (RFC 2104): the embedded server has no pgcrypto.
CREATE FUNCTION etl.is_forgotten(legacy_user_id text) RETURNS boolean LANGUAGE sql STABLE AS
$$SELECT EXISTS (SELECT FROM etl.forgotten) AND EXISTS (
    SELECT FROM etl.forgotten AS f
    WHERE f.keyed = (
        SELECT sha256(string_agg(set_byte('\x00'::bytea, 0, get_byte(p.key, n) # 92), ''::bytea ORDER BY n)
                      || sha256(string_agg(set_byte('\x00'::bytea, 0, get_byte(p.key, n) # 54), ''::bytea ORDER BY n)
                                || convert_to($1, 'UTF8')))
        FROM (SELECT decode(rpad(m.value, 128, '0'), 'hex') AS key FROM etl.meta AS m
              WHERE m.key = 'suppression key') AS p, generate_series(0, 63) AS n))$$;


-- Artifacts that all machines share.

-- Which object on a shelf elsewhere is which artifact; empty where the artifact folder is one of a machine's own.
CREATE TABLE etl.shelf (
    name text PRIMARY KEY,
    key text NOT NULL,
    sha256 text NOT NULL,
    bytes bigint NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp());
CREATE INDEX shelf_key ON etl.shelf (key);

-- Every object that was ever begun there and not yet removed, noted before it is sent.
CREATE TABLE etl.shelf_objects (
    key text PRIMARY KEY,
    name text NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp());


-- A second fence beside the schema's grants: row level security without a policy shows nothing.
DO $$
DECLARE made regclass;
BEGIN
    FOR made IN SELECT c.oid FROM pg_class AS c WHERE c.relnamespace = 'etl'::regnamespace AND c.relkind = 'r' LOOP
        EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', made);
    END LOOP;
END$$;
