-- What the former snapshot said of the profiles.
DELETE FROM etl.legacy_profile
