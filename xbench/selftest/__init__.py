"""`xbench selftest`: cases whose answer is known, measured through the real engine on this machine.

Busy waits of known length must come back as long as they are, a known ratio as large as it is, a
device that hides unfinished work must be refused, and equal things be found equal."""
