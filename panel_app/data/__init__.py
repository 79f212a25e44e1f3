"""Data of the app: the publication, the selection, the words. Nothing is drawn here."""
