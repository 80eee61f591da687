-- The same over the sums of a user.
sum(n.{before}) AS {before}, sum(n.{after}) AS {after}, min(n.{first}) AS {first}
