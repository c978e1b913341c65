"""A whole hall on one machine, without hardware: every real program, a simulated printer, and a crowd."""
