"""What a device is, as data: the language of a profile, its mistakes, and how a sent number becomes a reading."""
