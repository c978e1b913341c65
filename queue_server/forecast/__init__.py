"""Expected waits. Pure: given a hall's state, no clock and no disk."""
