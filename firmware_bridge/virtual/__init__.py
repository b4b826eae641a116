"""Walkers whose every step is known, worn on any layout, heard over a faulty radio.

They are a product, not test code: the demo, the tests and the virtual Bluetooth and serial devices all wear them.
What is measured downstream never imports this package, so the truth stays blind.
"""
