"""Virtual Bluetooth peripherals, on bumble."""
