-- The referring row is not among those that go.
NOT EXISTS (SELECT FROM pg_temp.etl_undo AS g
            WHERE g."table" = {table} AND g.how = 'remove' AND g.new_id::{id_type} = c.{id})
