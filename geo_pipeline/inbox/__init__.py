"""Files that people drop: recognised by content, read as a provider's, taken or refused.

Accepted files are kept by `storage.inbox_files`; the sensor is in `automation.sensors`.
"""
