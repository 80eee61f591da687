-- Makes the sequence a part of this transaction, which nextval() and setval() alone are not.
ALTER SEQUENCE {sequence} RESTART
