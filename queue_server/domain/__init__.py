"""The rules of a hall, pure: no clock, no disk, no network. Time and ids are arguments."""
