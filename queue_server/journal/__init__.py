"""The append-only journal of a hall, copies of it, and how it travels: down by feed, up by batch."""
