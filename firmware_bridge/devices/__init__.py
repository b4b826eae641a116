"""What a device is, as data: the language of a profile, its mistakes, readings."""
