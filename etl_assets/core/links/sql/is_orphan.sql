-- Has a row of the batch a foreign key, and no parent among those that are held?
({filled} AND ({here}) NOT IN (SELECT {there} FROM {held} AS t))
