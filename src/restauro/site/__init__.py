"""The page as a folder of files: it fills holes in the browser itself, without a server."""
