"""The HTTP service: requests -> guard -> bounded processes -> the picture's bytes; and the page."""
