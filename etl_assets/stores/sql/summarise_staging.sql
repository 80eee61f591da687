-- The guide's step 5, data integrity.
SELECT {wanted} FROM {staging} AS s
