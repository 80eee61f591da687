-- Sealed login waves; `loaded_at` says that everything that could be loaded then was.
CREATE TABLE IF NOT EXISTS etl.waves (
    wave text PRIMARY KEY,
    sealed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    users bigint NOT NULL,
    run text NOT NULL,
    loaded_at timestamptz)
