"""Files that people drop: recognised by content, read as a provider's, taken or refused in words.

Where they are kept is in `storage.inbox_files`; the sensor that looks is in `automation.sensors`.
"""
