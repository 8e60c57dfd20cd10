"""The oracle: one NumPy process a run that makes inputs, knows exact answers and judges results."""
