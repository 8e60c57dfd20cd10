"""`xbench doctor`: what about this machine may spoil a measurement, and what to do about it.

One file a theme. A check is a plain function from raw texts and values to a `Finding`, or to None
where this machine does not show what the check is about; `examine.py` reads and asks them all.
"""
