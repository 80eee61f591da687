-- Back to where it was; by now this is a part of the transaction.
SELECT setval(%(sequence)s::regclass, %(value)s, %(called)s)
