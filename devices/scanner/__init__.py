"""Scanners: serial, keyboard wedge, camera. `driver.open_scanner` makes one from a line of configuration.

`reading` is what all of them give and how they are; `signed` is our own codes, the only ones to be believed;
`protocol` (bytes and keys), `regions`, `decoders`, `cascade` and `watch` (pictures) are pure; `driver` and `camera`
are policy and health; `simulator` is a scanner without hardware.
"""
