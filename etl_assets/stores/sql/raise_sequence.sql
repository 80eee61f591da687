-- The target's next native id comes after every kept one.
SELECT setval(%(sequence)s::regclass, greatest((SELECT max({id}) FROM {target}), nextval(%(sequence)s::regclass) - 1, 1))
