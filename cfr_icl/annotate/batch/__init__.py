"""Predict masks for a list of clicks, boxes and masks over a folder of pictures; a stopped batch resumes."""
