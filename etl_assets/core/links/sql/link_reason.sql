-- The first reason that holds, in the order quarantined, excluded, waiting; the ledger outranks them all.
CASE {loaded}
     {known}
     {reasons}
     END
