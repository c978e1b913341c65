"""A hall under faults: real programs, a bad network, bad disks, clocks and printers; and an independent reader."""
