-- What remains of ours in an account of which a part was taken back.
UPDATE etl.balances SET after = %(now)s WHERE id = %(last)s
