"""Tests of the way from the sensor to the stored sample, room by room."""
