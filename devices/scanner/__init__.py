"""Scanners: serial, keyboard wedge, camera. `driver.open_scanner` makes one from a line of configuration.

`reading` is what all of them give and how they are; which codes are ours, `queue_server.domain.codes` tells;
`protocol` (bytes and keys), `regions`, `decoders`, `cascade` and `watch` (pictures) are pure; `driver` and `camera`
are policy and health; `simulator` is a scanner without hardware.
"""
