"""居民身份证 readers: a SAM-V module on a serial line.

`protocol` and `records` are pure; `seen` is the one small value that leaves; `driver` is policy and health;
`simulator` is a reader without hardware. Readers that are USB HID devices need their vendor's library: such an
adapter offers the `look`, `check`, `health` of `driver.CardSource`, and hands out the same `CardSeen`.
"""
