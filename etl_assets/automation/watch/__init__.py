"""Who is told when something is wrong, and that all is well: the sensor `alerts`. No run waits for it."""
