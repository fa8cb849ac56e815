"""Files of saved work: a picture's objects, who worked on it and who does now, the list of classes."""
