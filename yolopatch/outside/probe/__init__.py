"""The probe from the outside: one way to start it, listen to it, and end it."""
