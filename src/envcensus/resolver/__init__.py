"""PubGrub over bit masks: pure, fed by a driver."""
