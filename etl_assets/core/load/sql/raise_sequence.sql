-- The target's next native id comes after every kept one, those that still wait included.
SELECT setval(%(sequence)s::regclass, greatest(
    (SELECT max({id}) FROM {target}), (SELECT max(_new_id) FROM {staging}), nextval(%(sequence)s::regclass) - 1, 1))
