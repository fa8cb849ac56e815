"""The pictures of a folder, copies of them for the browser, and pictures that hold masks."""
