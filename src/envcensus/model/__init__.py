"""What things are: frozen, no I/O, no clock, no environ."""
