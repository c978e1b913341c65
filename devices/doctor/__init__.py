"""`python -m devices.doctor`: tries every device and says, in an installer's words, what is wrong and what to do.

`examine` tries one device with its driver, `wires` knows why a port does not open, `texts` holds the words,
`rehearsal` lets simulators stand in for the devices and breaks them on purpose.
"""
