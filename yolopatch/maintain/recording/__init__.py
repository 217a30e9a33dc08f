"""The recording of a terminal in the README: real commands, what they printed and when, drawn as an SVG."""
