-- A reference to a legacy id that stands for its second row by now: that one's id, alone or where the first one's stood.
CASE WHEN {alias}.new_id IS NULL THEN {value}
     ELSE replace({value}::text, {alias}.former_id::text, {alias}.new_id::text)::{type} END
