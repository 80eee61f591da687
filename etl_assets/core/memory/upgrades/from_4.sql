-- The desk counts the users by state, and leafs through them.
CREATE INDEX legacy_user_map_state ON etl.legacy_user_map (state, since, legacy_user_id);
