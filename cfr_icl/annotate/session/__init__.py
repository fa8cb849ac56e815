"""One person's work on the open picture: clicks, predictions, drawing, undo."""
