"""Use cases: each opens the doors between the rooms below."""
